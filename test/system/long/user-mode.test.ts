import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { findingsDocument } from '../../../src/cli/doctorReport.ts';
import { waitFor } from '../../machine/machine.ts';
import { conditionOf, countIn, type Spec } from '../../machine/servers.ts';
import { confined, Users, web } from '../user-mode/users.ts';

let users: Users;

beforeAll(async () => {
  users = await Users.boot();
});

afterAll(() => users?.machine.kill());

describe('hublet doctor, before anything is installed', () => {
  interface Told {
    readonly code: number;
    /** What was found, by check, of those that are not ok. */
    readonly amiss: Readonly<Record<string, string>>;
  }

  async function doctor(user: string): Promise<Told> {
    const command = 'hublet doctor -o json';
    // Carol has no runtime directory that could be named to her.
    const { code, stdout } = await (users.uid(user) !== undefined
      ? users.as(user, command)
      : users.machine.exec(command, { user }));
    const { mode, checks } = JSON.parse(stdout) as ReturnType<typeof findingsDocument>;
    expect(mode).toBe('user');
    const amiss = checks.filter(({ level }) => level !== 'ok').map(({ check, found }) => [check, found]);
    return { code, amiss: Object.fromEntries(amiss) as Told['amiss'] };
  }

  it('finds all that alice needs but rarer controllers, and a clock that is set by NTP', async () => {
    expect(await doctor('alice')).toEqual({
      code: 0,
      amiss: {
        clock: 'not set by NTP',
        controllers: 'delegated to your systemd: cpu memory pids; not cpuset, io',
      },
    });
  });

  it('tells bob which limits an admin keeps from him', async () => {
    expect(await doctor('bob')).toMatchObject({
      code: 0,
      amiss: { controllers: 'delegated to your systemd: memory pids; not cpu, cpuset, io' },
    });
  });

  it('tells carol that no systemd runs for her', async () => {
    const { code, amiss } = await doctor('carol');

    expect(code).toBe(1);
    expect(amiss['D-Bus']).toContain('no systemd runs for you');
  });
});

describe("a user's own controller", () => {
  beforeAll(async () => {
    expect(await users.install('alice')).toMatchObject({ code: 0 });
    await users.must('alice', 'mkdir -p ~/books && mkfifo ~/order');
    await users.drop('alice', { web, confined });
    for (const name of ['web', 'confined']) await users.awaitStatus('alice', name, ({ phase }) => phase === 'Ready');
  });

  it("a probe's command is asked as its user, in its server's world and within its limits", async () => {
    const insider = `[ "$(id -un)" = alice ] && [ "$TOKEN" = 's3cret $x' ] && [ -e /tmp/mark ] || exit 1
group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
[ "$(cat $group/memory.max) $(cat $group/pids.max)" = "67108864 32" ] || exit 2`;
    await users.drop('alice', {
      probed: {
        command: ['bash', '-c', 'until [ -e ~/go ]; do sleep 0.2; done; touch /tmp/mark; exec sleep infinity'],
        environment: { TOKEN: 's3cret $x' },
        resources: { memory: { limit: '64M' }, tasks: 32 },
        probes: { readiness: { exec: { command: ['bash', '-c', insider] }, timeoutSeconds: 20, periodSeconds: 2 } },
      },
    });
    const waiting = await users.awaitStatus('alice', 'probed', (status) =>
      (conditionOf(status, 'Ready')?.message ?? '').includes('ended with 1'),
    );
    expect(waiting.phase).toBe('Running');

    await users.must('alice', 'touch ~/go');
    const ready = await users.awaitStatus('alice', 'probed', ({ phase }) => phase === 'Ready', 180_000);
    expect([conditionOf(ready, 'Ready')?.reason, ready.restarts]).toEqual(['ProbeSucceeded', 0]);
    await users.must('alice', 'hublet delete probed --wait --timeout 90s');
    await waitFor(
      'no unit of a probe to be left',
      async (saw) =>
        saw(await users.must('alice', "systemctl --user list-units --all --plain --no-legend 'hublet.probe-*'")) === '',
      60_000,
    );
  });

  it('a kill for memory is counted', async () => {
    const { controlGroup } = await users.serverStatus('alice', 'confined');
    const eat = 'python3 -c "b = bytearray(400 << 20)"; true';
    await users.drop('alice', { confined: { ...confined, resources: { memory: { limit: '100M' } } } });
    await users.awaitStatus('alice', 'confined', ({ applied }) => applied.memoryMaxBytes === 100 * 2 ** 20);
    await users.order(eat);

    const events = await users.machine.run(`cat /sys/fs/cgroup${controlGroup}/memory.events`);
    expect(countIn(events, 'oom_kill')).toBe(1);
    await waitFor(
      'the event OOMKilled',
      async (saw) => saw(await users.must('alice', 'hublet events confined')).includes('OOMKilled'),
      60_000,
    );
  });

  it('the command line needs no root either', async () => {
    const { mainPid } = await users.serverStatus('alice', 'web');
    await users.must('alice', `kill -SEGV ${mainPid}`);
    await users.awaitStatus('alice', 'web', ({ phase, restarts }) => phase === 'Ready' && restarts === 1);

    const table = await users.must('alice', 'hublet get -o wide');
    expect(table).toMatch(/^web +Ready +True +1 /m);
    expect(await users.must('alice', 'hublet describe web')).toContain(
      '/home/alice/.config/hublet/desired-state/web.yaml',
    );
    expect(await users.must('alice', 'hublet logs web --raw')).toContain('"GET / HTTP/1.1" 200');
    expect(await users.must('alice', 'hublet logs web --raw --previous')).toContain('"GET / HTTP/1.1" 200');
    const { code, stderr } = await users.as('alice', 'hublet run --once');
    expect({ code, stderr }).toEqual({ code: 75, stderr: expect.stringContaining('already running') });
  });

  it('takes a server by itself whose limit was refused, once an admin did what the message says', async () => {
    await users.drop('alice', { pinned: { command: ['sleep', 'infinity'], resources: { cpu: { cpus: '0' } } } });
    expect(await users.refusal('alice', 'pinned')).toContain('/etc/systemd/system/user@.service.d/delegate.conf');

    await users.machine.run(`mkdir -p /etc/systemd/system/user@.service.d
      printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' > /etc/systemd/system/user@.service.d/delegate.conf
      systemctl daemon-reload`);
    await users.must('alice', 'systemctl --user daemon-reexec');

    const { controlGroup } = await users.awaitStatus('alice', 'pinned', ({ phase }) => phase === 'Ready', 180_000);
    expect(await users.machine.run(`cat /sys/fs/cgroup${controlGroup}/cpuset.cpus`)).toBe('0\n');
  });
});

describe('another user of the same host', () => {
  const idle: Spec = { command: ['sleep', 'infinity'] };

  it('has a controller of its own, and no CPU limit where the CPU is not delegated', async () => {
    await users.must('bob', 'mkdir -p -m 700 ~/.config/hublet/desired-state');
    await users.drop('bob', { idle, limited: { ...idle, resources: { cpu: { limit: 1 } } } });

    const { code } = await users.as('bob', 'hublet run --once --timeout 120s');
    expect(code).toBe(1);
    expect(await users.serverStatus('bob', 'idle')).toMatchObject({ phase: 'Ready', user: 'bob' });
    expect(await users.refusal('bob', 'limited')).toMatch(
      /^spec\.resources\.cpu\.limit: .* not delegated .*\(memory pids\)/,
    );
  });

  it('loses the private /tmp of the defaults where the host forbids namespaces, is told so, and is refused one that it asks for', async () => {
    await users.machine.run('sysctl -q -w user.max_user_namespaces=0');
    await users.drop('bob', { shared: idle, asked: { ...idle, sandbox: { privateTmp: true } } });
    await users.as('bob', 'hublet run --once --timeout 120s');
    await users.machine.run('sysctl -q -w user.max_user_namespaces=10000');

    const shared = await users.serverStatus('bob', 'shared');
    expect(shared.phase).toBe('Ready');
    expect(conditionOf(shared, 'Accepted')).toMatchObject({
      status: 'True',
      message: expect.stringMatching(
        /^spec\.sandbox\.privateTmp is on by default and left out here, since this host lets/,
      ),
    });
    expect(await users.must('bob', 'hublet events shared')).toContain('InsecureSpec');
    expect(await users.refusal('bob', 'asked')).toMatch(
      /^spec\.sandbox\.privateTmp: can't be had here, since this host lets/,
    );
    // What ran before goes on as it was.
    expect(await users.serverStatus('bob', 'idle')).toMatchObject({ phase: 'Ready' });
  });
});

describe('a user whose systemd does not run', () => {
  it('is told what to do, before anything is made', async () => {
    const { code, stderr } = await users.machine.exec('hublet run', { user: 'carol' });

    expect(code).toBe(69);
    expect(stderr).toContain(`loginctl enable-linger`);
    expect((await users.machine.exec('ls /home/carol/.config /home/carol/.local', { user: 'carol' })).code).not.toBe(0);
  });

  it("is told so in somebody else's runtime directory", async () => {
    const { code, stderr } = await users.machine.exec(`XDG_RUNTIME_DIR=/run/user/${users.uid('alice')} hublet run`, {
      user: 'carol',
    });

    expect({ code, stderr }).toEqual({
      code: 77,
      stderr: expect.stringContaining('export XDG_RUNTIME_DIR=/run/user/'),
    });
  });
});
