import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { findingsDocument } from '../../src/cli/doctorReport.ts';
import type { HostStatus, ServerStatus } from '../../src/status/types.ts';
import { quote } from '../machine/command.ts';
import { installHublet } from '../machine/hublet.ts';
import { boot, type ExecResult, type Machine, waitFor } from '../machine/machine.ts';
import { projectDirectory } from '../machine/places.ts';
import { conditionOf, countIn, type Spec, specText } from '../machine/servers.ts';

/** A shell that does what the lines of its FIFO say, so with the server's own confinement, and writes down what came of it. */
const obedient = 'while :; do bash -c "$(cat ~/order)" > ~/answer 2>&1; mv ~/answer ~/answered; done';
const web: Spec = {
  command: ['python3', '-m', 'http.server', '--bind', '127.0.0.1', '{PORT}'],
  resources: { memory: { limit: '200M' }, tasks: 50 },
  probes: { readiness: { http: {}, periodSeconds: 1 } },
};
const confined: Spec = {
  command: ['bash', '-c', obedient],
  sandbox: { readOnlyPaths: ['/home/alice/books'], inaccessiblePaths: ['/usr/games'], privateDevices: true },
};

let machine: Machine;
const uids = new Map<string, string>();

beforeAll(async () => {
  machine = await boot();
  await installHublet(machine);
  await machine.put(join(projectDirectory, 'scripts/install'), '/opt/hublet/scripts');
  // What a host has by default: journals on disk, so that each user has one.
  await machine.run(`rm /etc/systemd/journald.conf.d/machine.conf
    mkdir -p /var/log/journal && systemctl restart systemd-journald && journalctl --flush
    mkdir -p /etc/systemd/system/user@$(id -u bob).service.d
    printf '[Service]\\nDelegate=\\nDelegate=memory pids\\n' > /etc/systemd/system/user@$(id -u bob).service.d/delegate.conf
    systemctl daemon-reload
    touch /tmp/of-the-host`);
  for (const user of ['alice', 'bob']) await linger(user);
});

afterAll(() => machine?.kill());

describe('hublet doctor, before anything is installed', () => {
  interface Told {
    readonly code: number;
    /** What was found, by check, of those that are not ok. */
    readonly amiss: Readonly<Record<string, string>>;
  }

  async function doctor(user: string): Promise<Told> {
    const command = 'hublet doctor -o json';
    // Carol has no runtime directory that could be named to her.
    const { code, stdout } = await (uids.has(user) ? as(user, command) : machine.exec(command, { user }));
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

describe('without root', () => {
  it('hublet is installed by its user, as a service of the user, and makes its directories', async () => {
    const { code, stderr } = await as('alice', 'PREFIX=/opt/hublet sh /opt/hublet/scripts/install --user');

    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('runs as you') });
    const show = await must('alice', 'systemctl --user show hublet -p ActiveState,SubState,Type,MainPID');
    expect(show).toMatch(/^Type=notify$/m);
    expect(show).toMatch(/^ActiveState=active$/m);
    const pid = /^MainPID=(\d+)$/m.exec(show)?.[1];
    expect(await machine.run(`stat -c %U /proc/${pid}`)).toBe('alice\n');
    expect(
      await must('alice', 'stat -c "%a %U" ~/.config/hublet ~/.config/hublet/desired-state ~/.local/state/hublet'),
    ).toBe('700 alice\n700 alice\n700 alice\n');
    expect(await must('alice', 'hublet get 2>&1')).toContain('there are no servers yet');
  });

  it("a dropped spec becomes a server of the user's own, with a limit that the kernel holds", async () => {
    await must('alice', 'mkdir -p ~/books && mkfifo ~/order');
    await drop('alice', { web, confined });

    const status = await awaitStatus('alice', 'web', ({ phase }) => phase === 'Ready');
    await awaitStatus('alice', 'confined', ({ phase }) => phase === 'Ready');
    expect(status).toMatchObject({ user: 'alice', applied: { memoryMaxBytes: 200 * 2 ** 20, tasksMax: 50 } });
    const uid = uids.get('alice');
    expect(status.controlGroup).toBe(
      `/user.slice/user-${uid}.slice/user@${uid}.service/hublet.slice/hublet-web.service`,
    );
    expect(await machine.run(`cat /sys/fs/cgroup${status.controlGroup}/memory.max`)).toBe(`${200 * 2 ** 20}\n`);
    expect(await machine.run(`stat -c %U /proc/${status.mainPid}`)).toBe('alice\n');
  });

  it('metrics are on a free port that status.json tells', async () => {
    const { http } = await hostStatus('alice');

    expect(http).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(http).not.toBe('127.0.0.1:9810');
    const text = await waitFor(
      'usage of web in a scrape',
      async (saw) => {
        const scraped = saw((await must('alice', `curl -sf http://${http}/metrics`)) as string);
        return /^hublet_server_memory_current_bytes\{server="web"\} [1-9]/m.test(scraped) && scraped;
      },
      60_000,
    );
    expect(text).toMatch(/^hublet_server_memory_limit_bytes\{server="web"\} 209715200$/m);
  });
});

describe('the sandbox', () => {
  it('is in force: a /tmp and devices of its own, read-only and hidden paths, no way to root', async () => {
    expect(await order('touch /tmp/mine; ls /tmp')).toBe('mine\n');
    expect(await machine.run('ls /tmp')).not.toContain('mine');
    expect(await order('touch ~/books/x')).toContain('Read-only file system');
    expect(await order('ls /usr/games')).toContain('Permission denied');
    expect(await order('ls /dev/vda')).toContain('No such file');
    expect(await order('sudo -n id')).toContain('no new privileges');
    expect(await order('id -un; touch ~/free && stat -c %U ~/free')).toBe('alice\nalice\n');
  });
});

describe('life of a server', () => {
  it('a changed limit reaches the running process', async () => {
    const before = await serverStatus('alice', 'web');
    await drop('alice', { web: { ...web, resources: { memory: { limit: '300M' }, cpu: { limit: 0.5 } } } });

    const after = await awaitStatus('alice', 'web', ({ applied }) => applied.memoryMaxBytes === 300 * 2 ** 20);
    expect([after.mainPid, after.invocationId]).toEqual([before.mainPid, before.invocationId]);
    const cgroup = `/sys/fs/cgroup${after.controlGroup}`;
    expect(await machine.run(`cat ${cgroup}/memory.max ${cgroup}/cpu.max`)).toBe(`${300 * 2 ** 20}\n50000 100000\n`);
  });

  it('a crash heals and is told of', async () => {
    const before = await serverStatus('alice', 'web');
    await must('alice', `kill -SEGV ${before.mainPid}`);

    const after = await awaitStatus('alice', 'web', ({ phase, restarts }) => phase === 'Ready' && restarts === 1);
    expect(after.invocationId).not.toBe(before.invocationId);
    expect(after.lastExit).toMatchObject({
      status: 11,
      log: expect.arrayContaining([expect.stringContaining('GET /')]),
    });
  });

  it("a probe's command is asked as its user, in its server's world and within its limits", async () => {
    const insider = `[ "$(id -un)" = alice ] && [ "$TOKEN" = 's3cret $x' ] && [ -e /tmp/mark ] || exit 1
group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
[ "$(cat $group/memory.max) $(cat $group/pids.max)" = "67108864 32" ] || exit 2`;
    await drop('alice', {
      probed: {
        command: ['bash', '-c', 'until [ -e ~/go ]; do sleep 0.2; done; touch /tmp/mark; exec sleep infinity'],
        environment: { TOKEN: 's3cret $x' },
        resources: { memory: { limit: '64M' }, tasks: 32 },
        probes: { readiness: { exec: { command: ['bash', '-c', insider] }, timeoutSeconds: 20, periodSeconds: 2 } },
      },
    });
    const waiting = await awaitStatus('alice', 'probed', (status) =>
      (conditionOf(status, 'Ready')?.message ?? '').includes('ended with 1'),
    );
    expect(waiting.phase).toBe('Running');

    await must('alice', 'touch ~/go');
    const ready = await awaitStatus('alice', 'probed', ({ phase }) => phase === 'Ready', 180_000);
    expect([conditionOf(ready, 'Ready')?.reason, ready.restarts]).toEqual(['ProbeSucceeded', 0]);
    await must('alice', 'hublet delete probed --wait --timeout 90s');
    await waitFor(
      'no unit of a probe to be left',
      async (saw) =>
        saw(await must('alice', "systemctl --user list-units --all --plain --no-legend 'hublet.probe-*'")) === '',
      60_000,
    );
  });

  it('a kill for memory is counted', async () => {
    const { controlGroup } = await serverStatus('alice', 'confined');
    const eat = 'python3 -c "b = bytearray(400 << 20)"; true';
    await drop('alice', { confined: { ...confined, resources: { memory: { limit: '100M' } } } });
    await awaitStatus('alice', 'confined', ({ applied }) => applied.memoryMaxBytes === 100 * 2 ** 20);
    await order(eat);

    const events = await machine.run(`cat /sys/fs/cgroup${controlGroup}/memory.events`);
    expect(countIn(events, 'oom_kill')).toBe(1);
    await waitFor(
      'the event OOMKilled',
      async (saw) => saw(await must('alice', 'hublet events confined')).includes('OOMKilled'),
      60_000,
    );
  });

  it('the command line needs no root either', async () => {
    const table = await must('alice', 'hublet get -o wide');
    expect(table).toMatch(/^web +Ready +True +1 /m);
    expect(await must('alice', 'hublet describe web')).toContain('/home/alice/.config/hublet/desired-state/web.yaml');
    expect(await must('alice', 'hublet logs web --raw')).toContain('"GET / HTTP/1.1" 200');
    expect(await must('alice', 'hublet logs web --raw --previous')).toContain('"GET / HTTP/1.1" 200');
    const { code, stderr } = await as('alice', 'hublet run --once');
    expect({ code, stderr }).toEqual({ code: 75, stderr: expect.stringContaining('already running') });
  });

  it("a killed and a restarted controller leave every server's run as it is", async () => {
    const before = await serverStatus('alice', 'web');
    const pid = (await hostStatus('alice')).pid;
    await must('alice', 'systemctl --user kill -s KILL hublet');
    await waitFor('another controller', async (saw) => saw((await hostStatus('alice')).pid) !== pid, 120_000);
    await must('alice', 'systemctl --user restart hublet');

    const after = await awaitStatus('alice', 'web', ({ phase }) => phase === 'Ready');
    expect([after.mainPid, after.invocationId]).toEqual([before.mainPid, before.invocationId]);
    expect(conditionOf(after, 'Synced')).toMatchObject({ status: 'True' });
  });

  it('a deleted server goes', async () => {
    await must('alice', 'hublet delete web --wait --timeout 90s');

    expect(await must('alice', 'hublet get -o name')).not.toContain('web');
    expect(await must('alice', 'systemctl --user list-units --all --plain --no-legend hublet-web.service')).toBe('');
  });
});

describe('what only root can give is refused by name', () => {
  it('another account, and a limit that this manager was not given', async () => {
    await drop('alice', {
      other: { user: 'bob', command: ['sleep', 'infinity'] },
      pinned: { command: ['sleep', 'infinity'], resources: { cpu: { cpus: '0' } } },
      walled: { command: ['sleep', 'infinity'], sandbox: { ipAddressDeny: ['any'] } },
      eager: { command: ['sleep', 'infinity'], unitProperties: { Nice: '-5' } },
      spared: { command: ['sleep', 'infinity'], unitProperties: { OOMScoreAdjust: '-900' } },
    });
    const lowest = (name: string) =>
      new RegExp(`^spec\\.unitProperties\\.${name}: can be \\d+ at the lowest in user mode`);
    expect(await refusal('alice', 'eager')).toMatch(lowest('Nice'));
    expect(await refusal('alice', 'spared')).toMatch(lowest('OOMScoreAdjust'));

    expect(await refusal('alice', 'other')).toMatch(
      /^spec\.user: can't be "bob"; a user manager runs servers as alice/,
    );
    expect(await refusal('alice', 'walled')).toMatch(
      /^spec\.sandbox\.ipAddressDeny: can't be had in user mode, because/,
    );
    const pinned = await refusal('alice', 'pinned');
    expect(pinned).toMatch(/^spec\.resources\.cpu\.cpus: the cgroup controller cpuset is not delegated/);
    expect(pinned).toContain(
      "'Delegate=cpu cpuset io memory pids' into /etc/systemd/system/user@.service.d/delegate.conf",
    );
  });

  it('and taken by itself once an admin did what the message says', async () => {
    await machine.run(`mkdir -p /etc/systemd/system/user@.service.d
      printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' > /etc/systemd/system/user@.service.d/delegate.conf
      systemctl daemon-reload`);
    await must('alice', 'systemctl --user daemon-reexec');

    const { controlGroup } = await awaitStatus('alice', 'pinned', ({ phase }) => phase === 'Ready', 180_000);
    expect(await machine.run(`cat /sys/fs/cgroup${controlGroup}/cpuset.cpus`)).toBe('0\n');
  });
});

describe('another user of the same host', () => {
  const idle: Spec = { command: ['sleep', 'infinity'] };

  it('has a controller of its own, and no CPU limit where the CPU is not delegated', async () => {
    await must('bob', 'mkdir -p -m 700 ~/.config/hublet/desired-state');
    await drop('bob', { idle, limited: { ...idle, resources: { cpu: { limit: 1 } } } });

    const { code } = await as('bob', 'hublet run --once --timeout 120s');
    expect(code).toBe(1);
    expect(await serverStatus('bob', 'idle')).toMatchObject({ phase: 'Ready', user: 'bob' });
    expect(await refusal('bob', 'limited')).toMatch(/^spec\.resources\.cpu\.limit: .* not delegated .*\(memory pids\)/);
  });

  it('loses the private /tmp of the defaults where the host forbids namespaces, is told so, and is refused one that it asks for', async () => {
    await machine.run('sysctl -q -w user.max_user_namespaces=0');
    await drop('bob', { shared: idle, asked: { ...idle, sandbox: { privateTmp: true } } });
    await as('bob', 'hublet run --once --timeout 120s');
    await machine.run('sysctl -q -w user.max_user_namespaces=10000');

    const shared = await serverStatus('bob', 'shared');
    expect(shared.phase).toBe('Ready');
    expect(conditionOf(shared, 'Accepted')).toMatchObject({
      status: 'True',
      message: expect.stringMatching(
        /^spec\.sandbox\.privateTmp is on by default and left out here, since this host lets/,
      ),
    });
    expect(await must('bob', 'hublet events shared')).toContain('InsecureSpec');
    expect(await refusal('bob', 'asked')).toMatch(
      /^spec\.sandbox\.privateTmp: can't be had here, since this host lets/,
    );
    // What ran before goes on as it was.
    expect(await serverStatus('bob', 'idle')).toMatchObject({ phase: 'Ready' });
  });
});

describe('a user whose systemd does not run', () => {
  it('is told what to do, before anything is made', async () => {
    const { code, stderr } = await machine.exec('hublet run', { user: 'carol' });

    expect(code).toBe(69);
    expect(stderr).toContain(`loginctl enable-linger`);
    expect((await machine.exec('ls /home/carol/.config /home/carol/.local', { user: 'carol' })).code).not.toBe(0);
  });

  it("is told so in somebody else's runtime directory", async () => {
    const { code, stderr } = await machine.exec(`XDG_RUNTIME_DIR=/run/user/${uids.get('alice')} hublet run`, {
      user: 'carol',
    });

    expect({ code, stderr }).toEqual({
      code: 77,
      stderr: expect.stringContaining('export XDG_RUNTIME_DIR=/run/user/'),
    });
  });
});

async function linger(user: string): Promise<void> {
  await machine.run(`loginctl enable-linger ${user}`);
  const uid = (await machine.run(`id -u ${user}`)).trim();
  uids.set(user, uid);
  await waitFor(
    `the bus of ${user}`,
    async () => (await machine.exec(`test -S /run/user/${uid}/bus`)).code === 0,
    120_000,
  );
}

/** As the user, without a login session, with what one needs to reach the own systemd. */
function as(user: string, command: string): Promise<ExecResult> {
  const environment = `export XDG_RUNTIME_DIR=/run/user/${uids.get(user)} PATH=$HOME/.local/bin:$PATH; cd ~`;
  return machine.exec(`${environment}; ${command}`, { user, timeoutMs: 300_000 });
}

async function must(user: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await as(user, command);
  if (code !== 0) throw new Error(`${command}: exit code ${code}: ${stderr}${stdout}`);
  return stdout;
}

async function drop(user: string, specs: Readonly<Record<string, Spec>>): Promise<void> {
  const moves = Object.entries(specs).map(([name, spec]) => {
    const text = quote(specText(name, spec));
    return `printf %s ${text} > ~/.aside && chmod 600 ~/.aside && mv ~/.aside ~/.config/hublet/desired-state/${name}.yaml`;
  });
  await must(user, moves.join('\n'));
}

function statusDirectory(user: string): string {
  return `/run/user/${uids.get(user)}/hublet`;
}

async function hostStatus(user: string): Promise<HostStatus> {
  return JSON.parse(await machine.run(`cat ${statusDirectory(user)}/status.json`)) as HostStatus;
}

async function serverStatus(user: string, name: string): Promise<ServerStatus['status']> {
  return (JSON.parse(await machine.run(`cat ${statusDirectory(user)}/status/${name}.json`)) as ServerStatus).status;
}

async function awaitStatus(
  user: string,
  name: string,
  passes: (status: ServerStatus['status']) => boolean,
  timeoutMs = 120_000,
): Promise<ServerStatus['status']> {
  return waitFor(
    `${name} of ${user}`,
    async (saw) => {
      const { code } = await machine.exec(`test -e ${statusDirectory(user)}/status/${name}.json`);
      if (code !== 0) return false;
      const status = saw(await serverStatus(user, name));
      return passes(status) && status;
    },
    timeoutMs,
  );
}

/** Waits until the spec is refused. @returns what for */
async function refusal(user: string, name: string): Promise<string> {
  const status = await awaitStatus(user, name, (each) => conditionOf(each, 'Accepted')?.status === 'False');
  const condition = conditionOf(status, 'Accepted');
  expect(condition?.reason).toBe('SchemaError');
  return condition?.message ?? '';
}

/** Has the confined server run a command. @returns what that wrote */
async function order(command: string): Promise<string> {
  await must('alice', `rm -f ~/answered; printf %s ${quote(command)} > ~/order`);
  return waitFor(
    `what came of ${command}`,
    async () => {
      const { code, stdout } = await as('alice', 'cat ~/answered');
      return code === 0 && [stdout];
    },
    60_000,
  ).then(([text = '']) => text);
}
