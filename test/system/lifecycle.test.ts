import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../src/status/types.ts';
import { installHublet } from '../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../machine/machine.ts';
import {
  awaitGone,
  awaitPhase,
  awaitStatus,
  conditionOf,
  countEvents,
  desiredState,
  dropSpecs,
  readEvents,
  readStatuses,
  removeSpecs,
  type Spec,
  specText,
} from '../machine/servers.ts';

const squattedPort = 8123;

/** A web server that goes on trying where its port is taken. */
const web = `until python3 -m http.server --bind 127.0.0.1 --directory /usr/share/doc "$1"; do sleep 1; done`;
const webServer = (more: object = {}): Spec => ({
  user: 'alice',
  command: ['bash', '-c', web, 'web', '{PORT}'],
  probes: { readiness: { http: {}, periodSeconds: 1, failureThreshold: 1 } },
  ...more,
});
const bash = (script: string, more: object = {}): Spec => ({ user: 'bob', command: ['bash', '-c', script], ...more });
const sleeper = (more: object = {}): Spec => ({ user: 'carol', command: ['sleep', 'infinity'], ...more });

const specs: Readonly<Record<string, Spec>> = {
  web: webServer(),
  squatted: webServer({
    port: squattedPort,
    command: ['bash', '-c', `until [ -e ~/go ]; do sleep 0.2; done; ${web}`, 'web', '{PORT}'],
  }),
  crasher: bash('echo last words with token=abcdefghijklmnop; trap "exit 3" USR1; while :; do sleep 0.2; done'),
  done: bash('sleep 1; exit 0'),
  always: bash('[ -e ~/twice ] && exec sleep infinity; touch ~/twice; exit 0', { restartPolicy: 'Always' }),
  never: bash('sleep 1; exit 7', { restartPolicy: 'Never' }),
  stubborn: bash('trap "" TERM; while :; do sleep 0.2; done', { terminationGracePeriod: '3s' }),
  polite: bash('trap "sleep 2; date > ~/ended; exit" TERM; rm -f ~/ended; while :; do sleep 0.2; done'),
  ghost: sleeper({ user: 'nobodyyet' }),
  changes: sleeper(),
  stopped: sleeper(),
};

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await installHublet(machine, { start: true });
});

afterAll(() => machine?.kill());

describe('many servers dropped at once', () => {
  it('come up, each as far as its spec lets it', async () => {
    await dropSpecs(machine, specs);

    const ready = await awaitPhase(
      machine,
      ['web', 'crasher', 'always', 'stubborn', 'polite', 'changes', 'stopped'],
      'Ready',
      180_000,
    );

    for (const status of ready)
      expect(status).toMatchObject({ mainPid: expect.any(Number), unit: expect.stringMatching(/^hublet-/) });
    const statuses = await readStatuses(machine);
    const ports = [...statuses.values()].map(({ status }) => status.address?.port).filter((port) => port !== undefined);
    expect(new Set(ports).size).toBe(ports.length);
  });
});

describe('an http probe', () => {
  it('makes a server Ready, with its address', async () => {
    const web = await now('web');
    expect(conditionOf(web, 'Ready')).toMatchObject({ status: 'True', reason: 'ProbeSucceeded' });
    expect(await machine.run(`curl -sf -o /dev/null -w '%{http_code}' ${web.address?.url}`)).toBe('200');
    expect(Date.parse(web.readyAt ?? '')).toBeGreaterThanOrEqual(Date.parse(web.startedAt ?? ''));
  });

  it('is not deceived by a process of another account that came first to the port', async () => {
    await awaitStatus(machine, 'squatted', 'a process', ({ mainPid }) => mainPid !== null);
    await machine.spawn(`exec python3 -m http.server --bind 127.0.0.1 --directory /usr/share/doc ${squattedPort}`, {
      user: 'carol',
    });
    const taken = await awaitStatus(
      machine,
      'squatted',
      'PortTaken',
      (status) => conditionOf(status, 'Ready')?.reason === 'PortTaken',
    );
    expect(conditionOf(taken, 'Ready')).toMatchObject({
      status: 'False',
      message: expect.stringContaining(String(squattedPort)),
    });
    expect(await machine.run(`curl -sf -o /dev/null -w '%{http_code}' http://127.0.0.1:${squattedPort}/`)).toBe('200');

    await machine.run(`touch /home/alice/go; kill $(pgrep -u carol -f 'http.server.*${squattedPort}')`);

    const healed = await awaitStatus(machine, 'squatted', 'phase Ready', ({ phase }) => phase === 'Ready');
    expect(healed).toMatchObject({ mainPid: taken.mainPid, restarts: 0 });
  });
});

describe('a run that ends by itself', () => {
  it('with exit 0 is over', async () => {
    const [done] = await awaitPhase(machine, ['done'], 'Stopped');
    expect(done).toMatchObject({
      restarts: 0,
      mainPid: null,
      lastExit: { result: 'success', code: 'exited', status: 0 },
    });
    expect(countEvents(await readEvents(machine, 'done'), 'Exited')).toBe(1);
  });

  it('with exit 0 starts again under Always', async () => {
    expect(await now('always')).toMatchObject({ phase: 'Ready', restarts: 1, lastExit: { status: 0 } });
  });

  it('with a failure stays down under Never', async () => {
    const [never] = await awaitPhase(machine, ['never'], 'Failed');
    expect(never).toMatchObject({ restarts: 0, lastExit: { result: 'exit-code', code: 'exited', status: 7 } });
  });

  it('with a failure starts again at once, then after a pause, and tells its last words without secrets', async () => {
    const first = await now('crasher');
    await machine.run(`kill -USR1 ${first.mainPid}`);
    const second = await awaitStatus(
      machine,
      'crasher',
      'its second run',
      ({ phase, invocationId }) => phase === 'Ready' && invocationId !== first.invocationId,
    );
    expect(second).toMatchObject({ restarts: 1, lastExit: { result: 'exit-code', code: 'exited', status: 3 } });
    expect(second.lastExit?.log.join('\n')).toContain('last words');
    expect(JSON.stringify(second)).not.toContain('abcdefghijklmnop');
    expect(countEvents(await readEvents(machine, 'crasher'), 'BackOff')).toBe(0);

    await machine.run(`kill -USR1 ${second.mainPid}`);
    const [pause] = await awaitPhase(machine, ['crasher'], 'BackOff');
    expect(pause).toMatchObject({ mainPid: null, nextTransition: { phase: 'Starting', reason: 'Crashed' } });

    const third = await awaitStatus(
      machine,
      'crasher',
      'its third run',
      ({ phase, restarts }) => phase === 'Ready' && restarts === 2,
    );
    expect(Date.parse(third.startedAt ?? '') - Date.parse(third.lastExit?.at ?? '')).toBeGreaterThan(9_000);
    expect(countEvents(await readEvents(machine, 'crasher'), 'Crashed')).toBe(2);
  });
});

describe('a server that somebody stops by hand', () => {
  it('is back after 5 s, and the event says how to keep it down', async () => {
    const before = await now('stopped');
    await machine.run('systemctl stop hublet-stopped.service');
    const after = await awaitStatus(
      machine,
      'stopped',
      'to be back',
      ({ phase, invocationId }) => phase === 'Ready' && invocationId !== before.invocationId,
    );
    const [event, ...others] = (await readEvents(machine, 'stopped')).filter(
      ({ reason }) => reason === 'UnexpectedStop',
    );
    expect(others).toEqual([]);
    expect(event).toMatchObject({ count: 1, message: expect.stringContaining('hublet suspend') });
    expect(Date.parse(after.startedAt ?? '') - Date.parse(event?.at ?? '')).toBeGreaterThan(4_000);
  });
});

describe('a change that needs a restart', () => {
  it('waits for hublet restart, which starts what the spec says now on the same port', async () => {
    const before = await now('changes');
    await dropSpecs(machine, { changes: sleeper({ command: ['sleep', '987654'] }) });

    const pending = await awaitStatus(
      machine,
      'changes',
      'UpdatePending',
      (status) => conditionOf(status, 'UpdatePending')?.status === 'True',
    );
    expect(pending).toMatchObject({ mainPid: before.mainPid, invocationId: before.invocationId, phase: 'Ready' });
    expect(conditionOf(pending, 'UpdatePending')?.reason).toBe('RestartRequired');

    await machine.run('hublet restart changes');

    const after = await awaitStatus(
      machine,
      'changes',
      'up to date',
      (status) => status.phase === 'Ready' && status.invocationId !== before.invocationId,
    );
    expect(conditionOf(after, 'UpdatePending')?.status).toBe('False');
    expect(after).toMatchObject({ address: before.address, restarts: 0 });
    expect(await machine.run(`tr '\\0' ' ' < /proc/${after.mainPid}/cmdline`)).toMatch(/sleep 987654 $/);
  });
});

describe('a server whose account is not there', () => {
  it('says so, and starts when the account is made', async () => {
    const ghost = await awaitStatus(
      machine,
      'ghost',
      'to be stalled',
      (status) => conditionOf(status, 'Stalled') !== undefined,
    );
    expect(conditionOf(ghost, 'Stalled')).toMatchObject({
      reason: 'UserNotFound',
      message: expect.stringContaining('nobodyyet'),
    });
    expect(ghost.mainPid).toBeNull();

    await machine.run('useradd -m nobodyyet');

    const [healed] = await awaitPhase(machine, ['ghost'], 'Ready', 120_000);
    expect(await machine.run(`stat -c %U /proc/${healed?.mainPid}`)).toBe('nobodyyet\n');
    expect(healed === undefined ? undefined : conditionOf(healed, 'Stalled')).toBeUndefined();
  });
});

describe('deletion', () => {
  it('ends politely where the process wants to, kills it after its grace where not, and leaves homes alone', async () => {
    await machine.run('mkdir -p ~/work; echo precious > ~/work/thesis; ln -s work ~/link', { user: 'bob' });
    const before = await homeOfBob();
    const grace = "journalctl -b -u hublet-stubborn --no-pager -o cat | grep -E 'timed out|SIGKILL'";

    await removeSpecs(machine, ['stubborn', 'polite', 'never']);
    await awaitGone(machine, ['stubborn', 'polite', 'never']);

    expect(await machine.run(grace)).toMatch(/timed out/);
    expect(await machine.run('cat ~bob/ended')).toMatch(/\d{4}/);
    expect((await homeOfBob()).filter((line) => !line.includes('./ended'))).toEqual(before);
    expect(countEvents(await readEvents(machine, 'stubborn'), 'Deleted')).toBe(1);
    const left =
      "ls /run/systemd/transient | grep -E 'hublet-(stubborn|polite|never)'; find /sys/fs/cgroup/hublet.slice -name 'hublet-stubborn*'";
    expect((await machine.exec(left)).stdout).toBe('');
  });
});

describe('the command line', () => {
  it('suspends and resumes, tells why, and keeps the port', async () => {
    const before = await now('web');
    await machine.run('hublet suspend web --reason "exam in room 2"');
    const down = await awaitStatus(machine, 'web', 'phase Stopped', ({ phase }) => phase === 'Stopped');
    expect(down).toMatchObject({ phase: 'Stopped', mainPid: null, restarts: 0 });
    expect(conditionOf(down, 'Suspended')).toMatchObject({
      status: 'True',
      reason: 'BySpec',
      message: 'exam in room 2',
    });
    expect((await machine.exec('systemctl is-active hublet-web')).stdout).toBe('inactive\n');

    await machine.run('hublet resume web');
    const up = await awaitStatus(machine, 'web', 'phase Ready', ({ phase }) => phase === 'Ready');
    expect(up).toMatchObject({ phase: 'Ready', address: before.address });
    expect(conditionOf(up, 'Suspended')?.status).toBe('False');
    expect(up.invocationId).not.toBe(before.invocationId);
  });

  it('applies, waits, shows and deletes', async () => {
    await machine.put(
      {
        files: {
          'fresh.yaml': specText('fresh', {
            user: 'carol',
            command: ['bash', '-c', 'echo hello from fresh; exec sleep infinity'],
          }),
          'wrong.yaml': specText('wrong', { command: ['sleep'], memory: '1G' }),
        },
      },
      '/srv/cli',
    );
    const codes = await machine.run(
      `cd /srv/cli
      say() { name=$1; shift; "$@" > $name.out 2> $name.err; echo $name $? >> codes; }
      say apply hublet apply -f fresh.yaml
      say wait hublet wait fresh --timeout 90s
      # Two at a time, for two processors.
      say get hublet get fresh web & say describe hublet describe fresh; wait
      say events hublet events fresh & say logs hublet logs fresh --raw; wait
      say validate hublet validate fresh.yaml wrong.yaml & say wrong hublet apply -f fresh.yaml -f wrong.yaml; wait
      say unknown hublet get nosuch & say late hublet wait fresh --for stopped --timeout 1s; wait
      say delete hublet delete fresh --wait & say again hublet delete nosuch; wait
      sort codes`,
      { timeoutMs: 280_000 },
    );
    expect(codes.trim().split('\n')).toEqual([
      'again 4',
      'apply 0',
      'delete 0',
      'describe 0',
      'events 0',
      'get 0',
      'late 5',
      'logs 0',
      'unknown 4',
      'validate 3',
      'wait 0',
      'wrong 3',
    ]);
    const said = (name: string) => machine.run(`cat /srv/cli/${name}.out /srv/cli/${name}.err`);
    expect(await said('get')).toMatch(/^NAME +PHASE +READY.*\nfresh +Ready +True.*\nweb +Ready +True/);
    expect(await said('describe')).toMatch(/hublet-fresh\.service/);
    expect(await said('events')).toMatch(/SpecAccepted[\s\S]*Starting[\s\S]*Ready/);
    expect(await said('logs')).toBe('hello from fresh\n');
    expect(await said('validate')).toMatch(/wrong\.yaml:\d+:\d+: .*memory/);
    expect(await said('wrong')).toMatch(/memory/);
    expect((await machine.exec(`ls ${desiredState}/wrong.yaml`)).code).toBe(2);
    expect((await readStatuses(machine)).has('fresh')).toBe(false);
  });
});

describe('the controller', () => {
  it('logs no error in all of this', async () => {
    const lines = (await machine.run('journalctl -b -u hublet -o cat --no-pager'))
      .split('\n')
      .filter((line) => line.startsWith('{'));
    const errors = lines
      .map((line) => JSON.parse(line) as { level: string })
      .filter(({ level }) => level === 'error' || level === 'fatal');
    expect(errors).toEqual([]);
    expect(await machine.run('systemctl show hublet -p NRestarts')).toBe('NRestarts=0\n');
  });

  it('knows the servers that there are and no others', async () => {
    const deleted = ['stubborn', 'polite', 'never'];
    const left = Object.keys(specs).filter((name) => !deleted.includes(name));
    expect([...(await readStatuses(machine)).keys()].sort()).toEqual(left.sort());
    for (const name of [...deleted, 'fresh']) {
      const events = await readEvents(machine, name);
      expect({ name, deleted: countEvents(events, 'Deleted') }).toEqual({ name, deleted: 1 });
    }
  });
});

async function now(name: string): Promise<ServerStatus['status']> {
  return waitFor(`the status of ${name}`, async () => (await readStatuses(machine)).get(name)?.status, 90_000);
}

/** Every entry below the home with its kind, owner, mode, time and content. */
async function homeOfBob(): Promise<readonly string[]> {
  const text = await machine.run(
    "cd ~bob && find . -mindepth 1 -printf '%p %y %u %m %T@ %l\\n' | sort; find . -type f ! -name ended -exec sha256sum {} + | sort",
  );
  return text.split('\n').filter((line) => line !== '' && !line.includes('./ended'));
}
