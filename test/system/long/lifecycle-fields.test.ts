import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../../src/status/types.ts';
import { installHublet } from '../../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../../machine/machine.ts';
import {
  awaitGone,
  awaitPhase,
  awaitStatus,
  conditionOf,
  countEvents,
  dropSpecs,
  readEvents,
  readHostStatus,
  readStatuses,
  type Spec,
  specText,
} from '../../machine/servers.ts';

/** A source of its own, so that what vanishes there is most of it. */
const classSource = '/srv/class';
const classNames = ['class-a', 'class-b', 'class-c', 'class-d', 'class-e'];

/** Answers 503 three times, then 200, and 500 for as long as ~/broken is there, which its start removes. */
const moody = `import http.server, os, sys
broken = os.path.expanduser('~/broken')
if os.path.exists(broken): os.remove(broken)
asked = 0
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global asked
        asked += 1
        self.send_response(503 if asked <= 3 else 500 if os.path.exists(broken) else 200)
        self.end_headers()
    def log_message(self, *words): pass
http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
`;

const everySecond = { periodSeconds: 1, timeoutSeconds: 10 };
const sleeper = (more: object = {}): Spec => ({ user: 'alice', command: ['sleep', 'infinity'], ...more });
const bash = (script: string, more: object = {}): Spec => ({ user: 'bob', command: ['bash', '-c', script], ...more });
const python = (...args: readonly string[]) => ['python3', ...args, '{PORT}'];
const idle = (more: object) => ({ idle: { timeout: '60s', warnBefore: '20s', ...more } });

const specs: Readonly<Record<string, Spec>> = {
  moody: sleeper({
    command: python('/srv/moody.py'),
    probes: {
      startup: { http: {}, ...everySecond },
      readiness: { http: {}, ...everySecond },
      liveness: { http: {}, ...everySecond, failureThreshold: 2 },
    },
  }),
  mute: sleeper({ restartPolicy: 'Never', probes: { startup: { http: {}, ...everySecond, failureThreshold: 3 } } }),
  looper: bash('echo cannot open the database; exit 4', { backoff: { initial: '1s', max: '1m' } }),
  unused: sleeper(idle({ check: ['cpu'] })),
  busy: bash('while :; do sleep 2; done', idle({ check: ['cpu'], cpuCores: 0.001 })),
  visited: sleeper({
    command: python('-m', 'http.server', '--bind', '127.0.0.1', '--directory', '/usr/share/doc'),
    ...idle({ check: ['connections'] }),
  }),
  aged: sleeper({ maxAge: '40s' }),
  edited: sleeper({ resources: { tasks: 100 } }),
};

function config(reconcile: object) {
  const sources = [{ path: '/etc/hublet/desired-state' }, { path: classSource }];
  return { apiVersion: 'hublet/v1', kind: 'Config', sources, reconcile };
}

let machine: Machine;
/** The runs of those that are in use. */
let used: readonly unknown[] = [];

beforeAll(async () => {
  machine = await boot();
  await machine.writeFile('/srv/moody.py', moody);
  await machine.run(`mkdir -p ${classSource}`);
  await installHublet(machine, { config: config({ maxStarting: 1 }), start: true });
});

afterAll(() => machine?.kill());

describe('one server starting at a time', () => {
  it('lets those with a higher priority come first, and says for what the others wait', async () => {
    const slow = 'until [ -e ~/go ]; do sleep 0.2; done; exec python3 -m http.server --bind 127.0.0.1 "$1"';
    const probes = { readiness: { tcp: {}, ...everySecond } };
    const first = bash(slow, { command: ['bash', '-c', slow, 'slow', '{PORT}'], probes, startTimeout: '10m' });
    await dropSpecs(machine, { first });
    await awaitPhase(machine, ['first'], 'Running');
    await dropSpecs(machine, {
      'a-last': sleeper(),
      'b-second': sleeper({ priority: 5 }),
      'c-next': sleeper({ priority: 10 }),
    });
    const waiting = await awaitPhase(machine, ['a-last', 'b-second', 'c-next'], 'Pending');
    for (const status of waiting)
      expect(conditionOf(status, 'Ready')).toMatchObject({ status: 'False', reason: 'StartQueued' });

    await machine.run('touch ~/go', { user: 'bob' });

    await awaitPhase(machine, ['first', 'a-last', 'b-second', 'c-next'], 'Ready');
    const began = await machine.run(
      'for name in a-last b-second c-next; do systemctl show -P ActiveEnterTimestampMonotonic hublet-$name; done',
    );
    const [last = 0, second = 0, next = 0] = began.trim().split('\n').map(Number);
    expect([next < second, second < last]).toEqual([true, true]);
  });
});

describe('all the others', () => {
  it('come up, and one of them is visited', async () => {
    await machine.writeFile('/etc/hublet/hublet.yaml', JSON.stringify(config({ maxStarting: 'auto' })));
    await machine.put({ files: Object.fromEntries(classNames.map(classFile)) }, classSource);
    await dropSpecs(machine, specs);
    const [visited, busy] = await awaitPhase(machine, ['visited', 'busy', 'unused', 'edited'], 'Ready', 180_000);
    const visit = `exec 3<>/dev/tcp/127.0.0.1/${visited?.address?.port}; sleep infinity`;
    await machine.spawn(`until bash -c '${visit}'; do sleep 1; done`, { user: 'carol' });
    used = [busy?.invocationId, visited?.invocationId];
  });
});

describe('probes by http', () => {
  it('wait for a start that takes its time', async () => {
    const [ready] = await awaitPhase(machine, ['moody'], 'Ready', 180_000);
    expect(ready).toMatchObject({ restarts: 0 });
  });

  it('stop a server that answers wrongly for too long, and it is started again', async () => {
    const before = await now('moody');
    await machine.run('touch ~/broken', { user: 'alice' });
    const after = await awaitStatus(
      machine,
      'moody',
      'another run',
      ({ phase, invocationId }) => phase === 'Ready' && invocationId !== before.invocationId,
    );
    expect(after).toMatchObject({ restarts: 1, lastExit: { result: 'liveness' } });
    expect(after.lastExit?.message).toContain('500');
    const unhealthy = (await readEvents(machine, 'moody')).filter(({ reason }) => reason === 'Unhealthy');
    expect(unhealthy.map(({ message }) => message).join('\n')).toMatch(/500.*; stopping it/);
  });

  it('end a start that never answers', async () => {
    const [failed] = await awaitPhase(machine, ['mute'], 'Failed');
    expect(failed).toMatchObject({ mainPid: null, restarts: 0, lastExit: { result: 'startup' } });
    expect(countEvents(await readEvents(machine, 'mute'), 'StartFailed')).toBe(1);
  });
});

describe('a server that always fails', () => {
  it('is tried after longer and longer pauses, and told as a crash loop with its last words', async () => {
    const looping = await awaitStatus(
      machine,
      'looper',
      'a crash loop',
      (status) => status.phase === 'BackOff' && conditionOf(status, 'Ready')?.reason === 'CrashLoop',
    );
    expect(looping.restarts).toBeGreaterThanOrEqual(3);
    expect(looping.lastExit).toMatchObject({ result: 'exit-code', code: 'exited', status: 4 });
    expect(looping.lastExit?.log.join('\n')).toContain('cannot open the database');
    expect(looping.nextTransition).toMatchObject({ phase: 'Starting', reason: 'Crashed' });
    const pauseMs = Date.parse(looping.nextTransition?.at ?? '') - Date.parse(looping.lastExit?.at ?? '');
    // The second restart comes after 1 s, this one is the fourth at least: 4 s, less what whole seconds hide.
    expect(pauseMs).toBeGreaterThan(3_000);
    expect(pauseMs).toBeLessThan(70_000);
    expect(await machine.run('hublet get looper -o wide')).toMatch(/looper +BackOff .*CrashLoop/);
  });

  it('is started at once when its spec is mended', async () => {
    await dropSpecs(machine, { looper: bash('exec sleep infinity') });
    const [mended] = await awaitPhase(machine, ['looper'], 'Ready');
    expect(mended?.nextTransition).toBeNull();
  });
});

describe('a server that is old enough', () => {
  it('is stopped and stays down', async () => {
    const [stopped] = await awaitPhase(machine, ['aged'], 'Stopped', 120_000);
    expect(stopped).toMatchObject({ mainPid: null, restarts: 0 });
    expect(countEvents(await readEvents(machine, 'aged'), 'AgeStopped')).toBe(1);
  });
});

describe('revisions', () => {
  it('bring a live change and one that needs a restart back on a server that runs on', async () => {
    const before = await now('edited');
    const pending = (status: ServerStatus['status']) => conditionOf(status, 'UpdatePending')?.status;
    await dropSpecs(machine, { edited: sleeper({ resources: { tasks: 200 } }) });
    await awaitStatus(machine, 'edited', '200 tasks', ({ applied }) => applied.tasksMax === 200);
    await dropSpecs(machine, { edited: sleeper({ command: ['sleep', '98765'], resources: { tasks: 200 } }) });
    await awaitStatus(machine, 'edited', 'an update pending', (status) => pending(status) === 'True');
    await machine.run('hublet rollback edited');
    await awaitStatus(machine, 'edited', 'nothing pending', (status) => pending(status) === 'False');
    await machine.run('hublet rollback edited --to 1');
    const after = await awaitStatus(machine, 'edited', '100 tasks', ({ applied }) => applied.tasksMax === 100);

    expect([after.invocationId, after.mainPid]).toEqual([before.invocationId, before.mainPid]);
    expect(await machine.run('systemctl show -P TasksMax hublet-edited')).toBe('100\n');
    const history = (await machine.run('hublet history edited')).trimEnd().split('\n').slice(1);
    expect(history).toEqual([
      expect.stringMatching(/^1 .* first /),
      expect.stringMatching(/^2 .* spec\.resources\.tasks /),
      expect.stringMatching(/^3 .* spec\.command /),
      expect.stringMatching(/^4 .* as 2 was: spec\.command /),
      expect.stringMatching(/^5 .* as 1 was: spec\.resources\.tasks /),
    ]);
  });
});

describe('most files of a source vanish at once', () => {
  const gone = classNames.slice(0, 4);

  it('their servers run on until a person confirms exactly these', async () => {
    const before = await awaitPhase(machine, classNames, 'Ready', 120_000);
    await machine.run(`cd ${classSource} && rm ${gone.map((name) => `${name}.yaml`).join(' ')}`);
    const held = await waitFor(
      'the removal to be held',
      async (saw) => {
        const { sources, conditions } = await readHostStatus(machine);
        const source = saw(sources.find(({ path }) => path === classSource));
        return conditionOf({ conditions }, 'PruneHeld')?.status === 'True' && source?.pruneHeld.length === 4 && source;
      },
      60_000,
    );
    const running = await awaitPhase(machine, classNames, 'Ready');
    expect(running.map(({ invocationId }) => invocationId)).toEqual(before.map(({ invocationId }) => invocationId));

    await machine.run(`hublet prune --confirm ${held.pruneDigest}`);

    await awaitGone(machine, gone);
    expect((await now('class-e')).invocationId).toBe(before[4]?.invocationId);
  });
});

describe('servers that nobody uses', () => {
  it('are stopped after a warning; one that works and one that somebody is connected to are not', async () => {
    const [stopped] = await awaitPhase(machine, ['unused'], 'Stopped', 180_000);

    expect(stopped).toMatchObject({ mainPid: null, restarts: 0 });
    expect(conditionOf(stopped as ServerStatus['status'], 'Idle')).toMatchObject({ status: 'True' });
    const events = await readEvents(machine, 'unused');
    const told = events.filter(({ reason }) => reason === 'IdleWarning' || reason === 'IdleStopped');
    expect(told.map(({ reason }) => reason)).toEqual(['IdleWarning', 'IdleStopped']);
    const [warned, ended] = told.map(({ at }) => Date.parse(at));
    expect(Number(ended) - Number(warned)).toBeGreaterThanOrEqual(20_000);
    const after = await Promise.all(['busy', 'visited'].map(now));
    expect(after.map(({ invocationId }) => invocationId)).toEqual(used);
    for (const status of after)
      expect(conditionOf(status, 'Idle')).toMatchObject({ status: 'False', reason: 'Active' });
  });

  it('are back with hublet resume', async () => {
    await machine.run('hublet resume unused');
    const [up] = await awaitPhase(machine, ['unused'], 'Ready');
    expect(up).toMatchObject({ restarts: 0 });
  });
});

describe('the controller', () => {
  it('was never restarted in all of this', async () => {
    expect(await machine.run('systemctl show hublet -p NRestarts')).toBe('NRestarts=0\n');
  });
});

function classFile(name: string): readonly [string, string] {
  return [`${name}.yaml`, specText(name, sleeper())];
}

async function now(name: string): Promise<ServerStatus['status']> {
  return waitFor(`the status of ${name}`, async () => (await readStatuses(machine)).get(name)?.status, 30_000);
}
