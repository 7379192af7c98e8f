import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../src/status/types.ts';
import { installHublet } from '../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../machine/machine.ts';
import {
  awaitPhase,
  awaitStatus,
  conditionOf,
  countEvents,
  countIn,
  dropSpecs,
  readCgroup,
  readEvents,
  type Spec,
  sampleValue,
  scrape,
  showUnit,
} from '../machine/servers.ts';

/** Programs whose greed the tests steer by signals. */
const programs = {
  // A child that wants 300 MB for each SIGUSR1, while the main process goes on.
  'child.py': `
import os, signal
def greedy(*_):
    if os.fork() == 0:
        block = b"x" * (300 << 20)
        os._exit(0)
signal.signal(signal.SIGUSR1, greedy)
signal.signal(signal.SIGCHLD, lambda *_: os.wait())
while True: signal.pause()
`,
  // Wants 300 MB itself at SIGUSR1.
  'main.py': `
import signal
signal.signal(signal.SIGUSR1, lambda *_: b"x" * (300 << 20))
while True: signal.pause()
`,
  // Holds 150 MB from SIGUSR1 to SIGUSR2.
  'holder.py': `
import signal
held = []
signal.signal(signal.SIGUSR1, lambda *_: held.append(b"x" * (150 << 20)))
signal.signal(signal.SIGUSR2, lambda *_: held.clear())
while True: signal.pause()
`,
  'busy.py': 'while True: pass\n',
  // Forks until it is refused, says how far it came, and lives on.
  'forks.py': `
import os, signal
count = 0
try:
    while os.fork() != 0: count += 1
    signal.pause()
except BlockingIOError:
    print(f"refused after {count}", flush=True)
signal.pause()
`,
};

const idle: Spec = { user: 'bob', command: ['sleep', 'infinity'] };
const program = (file: keyof typeof programs, resources: object): Spec => ({
  user: 'alice',
  command: ['python3', `/srv/programs/${file}`],
  resources,
});
const memory = (limit: string) => ({ memory: { limit } });
const configKind = { apiVersion: 'hublet/v1', kind: 'Config' };

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await machine.put({ files: programs }, '/srv/programs');
  await installHublet(machine, { start: true, config: { ...configKind, reconcile: { resync: '5s' } } });
  await dropSpecs(machine, {
    child: program('child.py', memory('96M')),
    main: program('main.py', memory('96M')),
    busy: program('busy.py', { cpu: { limit: 0.5 } }),
    exact: { ...idle, resources: { cpu: { limit: 1.15, weight: 300, cpus: '0' } } },
    forks: program('forks.py', { tasks: 10 }),
    neighbour: { ...idle, resources: { tasks: 10, memory: { high: '64M', guarantee: '32M' } } },
    grows: program('holder.py', memory('64M')),
    shrinks: program('holder.py', memory('400M')),
    free: idle,
    fought: idle,
    edited: { ...idle, resources: { tasks: 10 } },
  });
  await awaitPhase(
    machine,
    ['child', 'main', 'busy', 'exact', 'forks', 'neighbour', 'grows', 'shrinks', 'free', 'fought', 'edited'],
    'Ready',
  );
  // Noticed at the next resync, which the end of this file looks for.
  await machine.run('systemctl set-property --runtime hublet-neighbour.service TasksMax=77');
});

afterAll(() => machine?.kill());

describe('memory', () => {
  it('limit lowered below what is used waits, even just after that use began', async () => {
    const before = await ready('shrinks');
    await signal(before, 'USR1');
    await memoryAbove(before, 140);

    await dropSpecs(machine, { shrinks: program('holder.py', { ...memory('100M'), tasks: 99 }) });

    const waiting = await awaitStatus(
      machine,
      'shrinks',
      'to be deferred',
      (status) => conditionOf(status, 'Resized')?.reason === 'Deferred',
    );
    expect(conditionOf(waiting, 'Resized')).toMatchObject({
      status: 'False',
      message: expect.stringContaining('100M'),
    });
    expect(waiting).toMatchObject({ phase: 'Ready', mainPid: before.mainPid, lastExit: null });
    expect(waiting.applied).toMatchObject({ memoryMaxBytes: 400 * 2 ** 20, tasksMax: 99 });
    expect(conditionOf(waiting, 'Synced')).toMatchObject({ status: 'False', reason: 'Drifted' });
    expect(await readCgroup(machine, before.controlGroup, 'memory.max')).toBe(String(400 * 2 ** 20));

    // Room again: noticed at the next try, which the end of this file looks for.
    await signal(before, 'USR2');
  });

  it('over the limit kills the process that wants it and not the server, counted once', async () => {
    const before = await ready('child');

    await signal(before, 'USR1');

    await waitFor('the kill to be counted', async (saw) => saw(await oomKills('child')) === 1, 180_000);
    const after = await ready('child');
    expect(after).toMatchObject({
      mainPid: before.mainPid,
      invocationId: before.invocationId,
      restarts: 0,
      lastExit: null,
    });
    expect(countIn(await readCgroup(machine, after.controlGroup, 'memory.events'), 'oom_kill')).toBe(1);
    expect(countEvents(await readEvents(machine, 'child'), 'OOMKilled')).toBe(1);
  });

  it('over the limit in the main process ends the run as oom-kill, told and counted once, and it starts again', async () => {
    const before = await ready('main');

    await signal(before, 'USR1');

    const after = await awaitStatus(
      machine,
      'main',
      'Ready again',
      ({ phase, invocationId }) => phase === 'Ready' && invocationId !== before.invocationId,
    );
    expect(after.restarts).toBe(1);
    expect(after.lastExit).toMatchObject({ result: 'oom-kill', code: 'killed', status: 9 });
    expect(after.lastExit?.message).toContain('96M');
    const events = await readEvents(machine, 'main');
    expect(countEvents(events, 'OOMKilled')).toBe(1);
    expect(countEvents(events, 'Crashed')).toBe(1);
    await waitFor('the kill to be counted', async (saw) => saw(await oomKills('main')) === 1, 180_000);
    expect(sampleValue(await scrape(machine), 'hublet_server_exits_total', { result: 'oom-kill' })).toBe(1);
  });

  it('has no swap where a limit is set, and no limits where none is asked for', async () => {
    const [limited, unlimited] = [await ready('child'), await ready('free')];
    expect(await readCgroup(machine, limited.controlGroup, 'memory.max')).toBe(String(96 * 2 ** 20));
    expect(await readCgroup(machine, limited.controlGroup, 'memory.swap.max')).toBe('0');
    expect(await readCgroup(machine, unlimited.controlGroup, 'memory.max')).toBe('max');
    expect(await readCgroup(machine, unlimited.controlGroup, 'memory.swap.max')).toBe('max');
    expect(unlimited.applied).not.toHaveProperty('memoryMaxBytes');
    const { controlGroup, applied } = await ready('neighbour');
    expect(applied).toMatchObject({ memoryHighBytes: 64 * 2 ** 20, memoryLowBytes: 32 * 2 ** 20 });
    expect(await readCgroup(machine, controlGroup, 'memory.high')).toBe(String(64 * 2 ** 20));
    expect(await readCgroup(machine, controlGroup, 'memory.low')).toBe(String(32 * 2 ** 20));
    expect(await readCgroup(machine, controlGroup, 'memory.max')).toBe('max');
    const samples = await scrape(machine);
    expect(sampleValue(samples, 'hublet_server_memory_limit_bytes', { server: 'child' })).toBe(96 * 2 ** 20);
    expect(sampleValue(samples, 'hublet_server_memory_limit_bytes', { server: 'free' })).toBeUndefined();
  });

  it('limit raised: the same process has it at once, and may use it', async () => {
    const before = await ready('grows');

    await dropSpecs(machine, { grows: program('holder.py', memory('400M')) });

    const after = await awaitStatus(
      machine,
      'grows',
      'a limit of 400M',
      ({ applied }) => applied.memoryMaxBytes === 400 * 2 ** 20,
    );
    expect(after).toMatchObject({
      phase: 'Ready',
      mainPid: before.mainPid,
      invocationId: before.invocationId,
      restarts: 0,
    });
    expect(await readCgroup(machine, after.controlGroup, 'memory.max')).toBe(String(400 * 2 ** 20));
    await signal(after, 'USR1');
    await memoryAbove(after, 140);
    expect(await mainPid('grows')).toBe(before.mainPid);
    expect(countEvents(await readEvents(machine, 'grows'), 'Resized')).toBe(1);
  });
});

describe('CPU', () => {
  it('beyond the limit is throttled, and metrics say so', async () => {
    const { controlGroup, applied } = await ready('busy');
    expect(applied.cpuLimitCores).toBe(0.5);
    expect(await readCgroup(machine, controlGroup, 'cpu.max')).toBe('50000 100000');
    expect(countIn(await readCgroup(machine, controlGroup, 'cpu.stat'), 'nr_throttled')).toBeGreaterThan(0);
    await waitFor(
      'throttled periods',
      async (saw) => {
        const samples = await scrape(machine);
        return (saw(sampleValue(samples, 'hublet_server_cpu_throttled_periods_total', { server: 'busy' })) ?? 0) > 0;
      },
      180_000,
    );
    expect(sampleValue(await scrape(machine), 'hublet_server_cpu_limit_cores', { server: 'busy' })).toBe(0.5);
  });

  it('limit of 1.15 cores is exactly that, with its weight and its processors', async () => {
    const { controlGroup, applied } = await ready('exact');
    expect(await readCgroup(machine, controlGroup, 'cpu.max')).toBe('115000 100000');
    expect(await readCgroup(machine, controlGroup, 'cpu.weight')).toBe('300');
    expect(await readCgroup(machine, controlGroup, 'cpuset.cpus')).toBe('0');
    expect(applied.cpuLimitCores).toBe(1.15);
  });

  it('limit changed and removed on the running server leaves the process alone', async () => {
    const before = await ready('exact');
    await dropSpecs(machine, { exact: { ...idle, resources: { cpu: { limit: 2 } } } });
    await waitFor(
      'the new limits',
      async (saw) =>
        saw(
          await machine.run(
            `cd /sys/fs/cgroup${before.controlGroup} && cat cpu.max cpu.weight && grep Cpus_allowed_list: /proc/${before.mainPid}/status`,
          ),
        ) === '200000 100000\n100\nCpus_allowed_list:\t0-1\n',
      180_000,
    );
    expect(await ready('exact')).toMatchObject({ mainPid: before.mainPid, invocationId: before.invocationId });
  });
});

describe('tasks', () => {
  it('beyond the limit are refused to that server, and its neighbour lives on', async () => {
    const { controlGroup, applied } = await ready('forks');
    expect(applied.tasksMax).toBe(10);
    await waitFor(
      'a refused fork',
      async (saw) => saw(countIn(await readCgroup(machine, controlGroup, 'pids.events'), 'max')) > 0,
      180_000,
    );
    expect(await readCgroup(machine, controlGroup, 'pids.current')).toBe('10');
    expect(await machine.run('journalctl -u hublet-forks -o cat --no-pager')).toContain('refused after 9');
    expect(await ready('neighbour')).toMatchObject({ restarts: 0, lastExit: null });
    expect(await ready('forks')).toMatchObject({ restarts: 0, lastExit: null });
  });
});

describe('in time', () => {
  it('the lower limit is set on the same process, now that there is room', async () => {
    const done = await awaitStatus(
      machine,
      'shrinks',
      'a limit of 100M',
      ({ applied }) => applied.memoryMaxBytes === 100 * 2 ** 20,
    );
    expect(done).toMatchObject({ phase: 'Ready', restarts: 0, lastExit: null });
    expect(conditionOf(done, 'Resized')).toBeUndefined();
    expect(conditionOf(done, 'Synced')).toMatchObject({ status: 'True' });
    expect(await readCgroup(machine, done.controlGroup, 'memory.max')).toBe(String(100 * 2 ** 20));
    expect(countEvents(await readEvents(machine, 'shrinks'), 'ResizeDeferred')).toBe(1);
  });

  it('a limit that somebody changed by hand is set back, and the event says so', async () => {
    const { controlGroup } = await awaitStatus(
      machine,
      'neighbour',
      'in sync with 10 tasks',
      (status) => status.applied.tasksMax === 10 && conditionOf(status, 'Synced')?.status === 'True',
    );
    await waitFor(
      'the limit to be back',
      async (saw) => saw(await readCgroup(machine, controlGroup, 'pids.max')) === '10',
      90_000,
    );
    expect(await ready('neighbour')).toMatchObject({ restarts: 0, lastExit: null });
    const events = await waitFor(
      'the event',
      async (saw) =>
        saw(await readEvents(machine, 'neighbour')).some(({ reason }) => reason === 'DriftCorrected') &&
        (await readEvents(machine, 'neighbour')),
      90_000,
    );
    expect(countEvents(events, 'DriftCorrected')).toBe(1);
    expect(countEvents(events, 'Resized')).toBe(0);
    expect(sampleValue(await scrape(machine), 'hublet_drift_total', { property: 'TasksMax' })).toBe(1);
  });

  it('a limit that somebody changes again and again is set back twice more, and then left for a while', async () => {
    const { controlGroup } = await ready('fought');
    const weight = (expected: string) =>
      waitFor(
        `a weight of ${expected}`,
        async (saw) => saw(await readCgroup(machine, controlGroup, 'cpu.weight')) === expected,
        90_000,
      );
    for (const other of [7, 8, 9]) {
      await machine.run(`systemctl set-property --runtime hublet-fought.service CPUWeight=${other}`);
      await weight('100');
    }
    const stalled = await awaitStatus(machine, 'fought', 'to be stalled', (status) => {
      return conditionOf(status, 'Stalled')?.reason === 'DriftFlapping';
    });
    expect(stalled).toMatchObject({ phase: 'Ready', restarts: 0 });

    await machine.run('systemctl set-property --runtime hublet-fought.service CPUWeight=11');
    await awaitStatus(machine, 'fought', 'the fourth to be left', (status) => {
      return conditionOf(status, 'Synced')?.reason === 'Drifted' && status.applied.cpuWeight === 11;
    });
    expect(countEvents(await readEvents(machine, 'fought'), 'DriftCorrected')).toBe(3);
  });

  it("that an administrator's drop-in sets is left and told of, until the drop-in is gone", async () => {
    const before = await ready('edited');
    const directory = '/etc/systemd/system/hublet-edited.service.d';
    await machine.run(
      `mkdir -p ${directory} && printf '[Service]\\nTasksMax=33\\n' > ${directory}/override.conf && systemctl daemon-reload`,
    );

    const told = await awaitStatus(machine, 'edited', 'the drop-in to be told of', (status) => {
      return conditionOf(status, 'Synced')?.reason === 'Drifted' && status.applied.tasksMax === 33;
    });
    expect(conditionOf(told, 'Synced')).toMatchObject({
      status: 'False',
      message: `differs from the spec: TasksMax (set by ${directory}/override.conf, which is left as it is)`,
    });

    // Two looks at everything later it is still so: the first may have begun before somebody changed another limit.
    for (const weight of [7, 8]) {
      await machine.run(`systemctl set-property --runtime hublet-edited.service CPUWeight=${weight}`);
      await waitFor(
        'the weight to be set back',
        async (saw) => saw(await readCgroup(machine, before.controlGroup, 'cpu.weight')) === '100',
        90_000,
      );
    }
    expect(await showUnit(machine, 'edited', ['TasksMax'])).toEqual({ TasksMax: '33' });
    expect(await readCgroup(machine, before.controlGroup, 'pids.max')).toBe('33');
    const after = await ready('edited');
    expect([after.invocationId, after.mainPid, after.restarts]).toEqual([before.invocationId, before.mainPid, 0]);

    await machine.run(`rm -r ${directory} && systemctl daemon-reload`);
    await awaitStatus(machine, 'edited', 'to be as its spec says', (status) => {
      return conditionOf(status, 'Synced')?.status === 'True' && status.applied.tasksMax === 10;
    });
    expect(await readCgroup(machine, before.controlGroup, 'pids.max')).toBe('10');
  });
});

function ready(name: string): Promise<ServerStatus['status']> {
  return awaitStatus(machine, name, 'phase Ready', ({ phase }) => phase === 'Ready');
}

async function signal({ mainPid: pid }: ServerStatus['status'], name: 'USR1' | 'USR2'): Promise<void> {
  await machine.run(`kill -${name} ${pid}`);
}

async function mainPid(name: string): Promise<number> {
  return Number((await showUnit(machine, name, ['MainPID'])).MainPID);
}

async function oomKills(name: string): Promise<number | undefined> {
  return sampleValue(await scrape(machine), 'hublet_server_oom_kills_total', { server: name });
}

async function memoryAbove({ controlGroup }: ServerStatus['status'], megabytes: number): Promise<void> {
  await waitFor(
    `${megabytes} MB in use`,
    async (saw) => saw(Number(await readCgroup(machine, controlGroup, 'memory.current')) / 2 ** 20) > megabytes,
    180_000,
  );
}
