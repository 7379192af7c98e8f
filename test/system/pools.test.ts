import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../src/status/types.ts';
import { installHublet } from '../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../machine/machine.ts';
import {
  awaitGone,
  awaitPhase,
  awaitStatus,
  conditionOf,
  countIn,
  dropSpecs,
  readCgroup,
  readEvents,
  removeSpecs,
  type Spec,
  sampleValue,
  scrape,
} from '../machine/servers.ts';

const megabyte = 2 ** 20;

const programs = {
  // Holds 60 MB from SIGUSR1 to SIGUSR2.
  'holder.py': `
import signal
held = []
signal.signal(signal.SIGUSR1, lambda *_: held.append(b"x" * (60 << 20)))
signal.signal(signal.SIGUSR2, lambda *_: held.clear())
while True: signal.pause()
`,
  'busy.py': 'while True: pass\n',
};

type Pools = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const pools: Pools = {
  // A little less than two holders, so that the second wants little more when the first is killed: the kernel takes a victim's memory
  // for free before all of it is, and would go on to kill the other. There is no way out into swap.
  tight: { memory: { limit: '120M', swap: 0 } },
  part: { memory: { limit: '50%', guarantee: '1%' }, cpu: { limit: '80%', weight: 200 }, tasks: 300 },
  roomy: { memory: { limit: '300M' } },
  core: { cpu: { cpus: '0' } },
};

const program = (file: keyof typeof programs, pool: string, resources: object = {}): Spec => ({
  user: 'alice',
  command: ['python3', `/srv/programs/${file}`],
  pool,
  resources,
});
const idle = (pool: string, resources: object = {}): Spec => ({
  user: 'bob',
  command: ['sleep', 'infinity'],
  pool,
  resources,
});

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await machine.put({ files: programs }, '/srv/programs');
  await installHublet(machine, { start: true, config: configuration(pools) });
  const specs = {
    one: program('holder.py', 'tight'),
    other: program('holder.py', 'tight'),
    first: idle('part', { memory: { guarantee: '32M' } }),
    second: idle('part', { memory: { guarantee: '48M' } }),
    grows: program('holder.py', 'roomy'),
    light: program('busy.py', 'core', { cpu: { weight: 100 } }),
    heavy: program('busy.py', 'core', { cpu: { weight: 300 } }),
    lost: idle('rommy'),
  };
  await dropSpecs(machine, specs);
  await awaitPhase(
    machine,
    Object.keys(specs).filter((name) => name !== 'lost'),
    'Ready',
  );
});

afterAll(() => machine?.kill());

describe('two servers on one core', () => {
  it('share it as their weights say, 1 to 3', async () => {
    const [light, heavy] = [await ready('light'), await ready('heavy')];
    expect(await readCgroup(machine, sliceOf(light), 'cpuset.cpus')).toBe('0');
    // Both in one go: the machine may pause for long between two commands.
    const before = await cpuSeconds(light, heavy);
    const used = await waitFor(
      'eight seconds of CPU',
      async (saw) => {
        const now = await cpuSeconds(light, heavy);
        const spent = { light: now.light - before.light, heavy: now.heavy - before.heavy };
        saw(spent);
        return spent.light + spent.heavy > 8 && spent;
      },
      240_000,
    );
    await removeSpecs(machine, ['light', 'heavy']);
    await awaitGone(machine, ['light', 'heavy']);
    expect(used.heavy / used.light).toBeGreaterThan(2.5);
    expect(used.heavy / used.light).toBeLessThan(3.5);
  });
});

describe('a pool', () => {
  it('has its limits as parts of the host, and the guarantees of its servers together', async () => {
    const group = sliceOf(await ready('first'));
    const totalKib = Number(await machine.run("sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo"));
    const half = Math.floor((totalKib * 1024) / 2 / 4096) * 4096;
    expect(group).toBe('/hublet.slice/hublet-part.slice');
    expect(await readCgroup(machine, group, 'memory.max')).toBe(String(half));
    expect(await readCgroup(machine, group, 'memory.low')).toBe(String(80 * megabyte));
    expect(await readCgroup(machine, group, 'cpu.max')).toBe('160000 100000');
    expect(await readCgroup(machine, group, 'cpu.weight')).toBe('200');
    expect(await readCgroup(machine, group, 'pids.max')).toBe('300');
    await waitFor(
      'the usage of the pool',
      async (saw) => (saw(sampleValue(await scrape(machine), 'hublet_pool_tasks', { pool: 'part' })) ?? 0) >= 2,
      180_000,
    );
    const samples = await scrape(machine);
    expect(sampleValue(samples, 'hublet_pool_memory_limit_bytes', { pool: 'part' })).toBe(half);
    expect(sampleValue(samples, 'hublet_pool_cpu_limit_cores', { pool: 'part' })).toBe(1.6);
    expect(sampleValue(samples, 'hublet_server_info', { server: 'first', pool: 'part' })).toBe(1);
    expect(await machine.run('hublet get first -o wide')).toMatch(/ part /);
  });

  it('that nobody configured takes no server, and says which one was meant', async () => {
    const lost = await awaitStatus(
      machine,
      'lost',
      'refused',
      (status) => conditionOf(status, 'Accepted') !== undefined,
    );
    expect(conditionOf(lost, 'Accepted')).toMatchObject({
      status: 'False',
      message: expect.stringContaining('there is no pool rommy, did you mean roomy?'),
    });
    expect(await machine.run('systemctl list-units --all --plain --no-legend hublet-rommy.slice')).toBe('');
  });

  it('bounds what its servers use together: over it one of them is killed and the other lives on', async () => {
    const [one, other] = [await ready('one'), await ready('other')];
    const group = sliceOf(one);
    expect(await readCgroup(machine, group, 'memory.max')).toBe(String(120 * megabyte));
    expect(await readCgroup(machine, one.controlGroup, 'memory.max')).toBe('max');

    await machine.run(`kill -USR1 ${one.mainPid}`);
    await memoryAbove(one, 60);
    expect(countIn(await readCgroup(machine, group, 'memory.events'), 'oom_kill')).toBe(0);
    await machine.run(`kill -USR1 ${other.mainPid}`);

    await waitFor(
      'a kill in the pool',
      async (saw) => saw(countIn(await readCgroup(machine, group, 'memory.events'), 'oom_kill')) > 0,
      180_000,
    );
    const peak = Number(await readCgroup(machine, group, 'memory.peak').catch(() => '0'));
    expect(peak).toBeLessThanOrEqual(120 * megabyte);
    await waitFor(
      'one that was killed and one that was not',
      async (saw) => {
        const now = [await ready('one'), await ready('other')];
        saw(now.map(({ lastExit, restarts }) => ({ lastExit: lastExit?.result, restarts })));
        return (
          now.filter(({ lastExit }) => lastExit?.result === 'oom-kill').length === 1 &&
          now.filter(({ restarts }) => restarts === 0).length === 1
        );
      },
      180_000,
    );
    await waitFor(
      'the kill in the metrics',
      async (saw) => saw(sampleValue(await scrape(machine), 'hublet_pool_oom_kills_total', { pool: 'tight' })) === 1,
      180_000,
    );
  });

  it('is resized under its running servers; less than they use waits until there is room', async () => {
    const before = await ready('grows');
    const group = sliceOf(before);
    await machine.run(`kill -USR1 ${before.mainPid}`);
    await memoryAbove(before, 60);

    await configure({ ...pools, roomy: { memory: { limit: '400M' }, tasks: 99 } });
    await fileSays(group, 'memory.max', String(400 * megabyte));
    await fileSays(group, 'pids.max', '99');

    await configure({ ...pools, roomy: { memory: { limit: '48M' } } });
    await eventSays('ResizeDeferred', 'pool roomy: MemoryMax 48M waits');
    expect(await readCgroup(machine, group, 'memory.max')).toBe(String(400 * megabyte));
    await fileSays(group, 'pids.max', 'max');

    await machine.run(`kill -USR2 ${before.mainPid}`);
    await fileSays(group, 'memory.max', String(48 * megabyte));
    expect(await ready('grows')).toMatchObject({
      mainPid: before.mainPid,
      invocationId: before.invocationId,
      restarts: 0,
      lastExit: null,
    });
  });

  it('whose slice somebody changed by hand is set back, and an event says so', async () => {
    const group = sliceOf(await ready('first'));
    await machine.run('systemctl set-property --runtime hublet-part.slice TasksMax=77');
    await fileSays(group, 'pids.max', '300');
    await eventSays('DriftCorrected', 'pool part: changed by somebody, set back on hublet-part.slice: TasksMax');
    expect(sampleValue(await scrape(machine), 'hublet_drift_total', { property: 'TasksMax' })).toBe(1);
  });

  it('survives a daemon-reload and a restart of hublet without a change, its servers too', async () => {
    const before = await ready('first');
    const group = sliceOf(before);
    const limits = () =>
      machine.run(`cd /sys/fs/cgroup${group} && cat memory.max memory.low cpu.max cpu.weight pids.max`);
    const had = await limits();
    await machine.run('systemctl daemon-reload');
    await machine.run('systemctl restart hublet.service', { timeoutMs: 240_000 });
    expect(await ready('first')).toMatchObject({ mainPid: before.mainPid, invocationId: before.invocationId });
    expect(await limits()).toBe(had);
  });

  it('taken out of the configuration keeps its limits for the servers it has; with the last of them they are gone', async () => {
    const before = await ready('first');
    const group = sliceOf(before);
    const max = await readCgroup(machine, group, 'memory.max');
    const { part: _part, ...rest } = pools;

    await configure(rest);

    const refused = await awaitStatus(
      machine,
      'first',
      'refused',
      (status) => conditionOf(status, 'Accepted')?.status === 'False',
    );
    expect(conditionOf(refused, 'Accepted')?.message).toContain('there is no pool part');
    expect(refused.mainPid).toBe(before.mainPid);
    expect(await readCgroup(machine, group, 'memory.max')).toBe(max);

    await removeSpecs(machine, ['first', 'second']);
    await awaitGone(machine, ['first', 'second']);
    await eventSays('Resized', 'pool part: no longer a pool, set back to none on hublet-part.slice');
    const shown = await machine.run(
      'systemctl show hublet-part.slice -p MemoryMax,MemoryLow,CPUQuotaPerSecUSec,CPUWeight,TasksMax',
    );
    expect(shown.trim().split('\n').sort()).toEqual([
      'CPUQuotaPerSecUSec=infinity',
      'CPUWeight=[not set]',
      'MemoryLow=0',
      'MemoryMax=infinity',
      'TasksMax=infinity',
    ]);
    expect(sampleValue(await scrape(machine), 'hublet_pool_tasks', { pool: 'part' })).toBeUndefined();
    // Nothing is left but an empty slice, which systemd keeps; hublet stops none.
    expect(await machine.run(`cat /sys/fs/cgroup${group}/cgroup.events 2>/dev/null || echo gone`)).toMatch(
      /^populated 0$|^gone$/m,
    );
    expect(await machine.run('ls /run/hublet/pools.json && cat /run/hublet/pools.json')).not.toContain('part');

    await configure({ ...rest, part: { memory: { limit: '200M' } } });
    await dropSpecs(machine, { first: idle('part') });
    await fileSays(sliceOf(await ready('first')), 'memory.max', String(200 * megabyte));
  });
});

function configuration(withPools: Pools): Readonly<Record<string, unknown>> {
  // Drift is looked for at every resync: here often.
  return { apiVersion: 'hublet/v1', kind: 'Config', reconcile: { resync: '5s' }, pools: withPools };
}

/** Another configuration, moved into place as editors do it. */
async function configure(withPools: Pools): Promise<void> {
  const text = `${JSON.stringify(configuration(withPools), null, 2)}\n`;
  await machine.run('cat > /etc/hublet/.new && mv /etc/hublet/.new /etc/hublet/hublet.yaml', { input: text });
}

function ready(name: string): Promise<ServerStatus['status']> {
  return awaitStatus(machine, name, 'phase Ready', ({ phase }) => phase === 'Ready');
}

/** Control group of the slice that the server is in. */
function sliceOf({ controlGroup }: ServerStatus['status']): string {
  if (controlGroup === null) throw new Error('it has no control group');
  return controlGroup.slice(0, controlGroup.lastIndexOf('/'));
}

async function cpuSeconds(
  light: ServerStatus['status'],
  heavy: ServerStatus['status'],
): Promise<{ readonly light: number; readonly heavy: number }> {
  const files = [light, heavy].map(({ controlGroup }) => `/sys/fs/cgroup${controlGroup}/cpu.stat`);
  const [first = '', second = ''] = (await machine.run(`grep -h usage_usec ${files.join(' ')}`)).trim().split('\n');
  return { light: countIn(first, 'usage_usec') / 1e6, heavy: countIn(second, 'usage_usec') / 1e6 };
}

async function memoryAbove({ controlGroup }: ServerStatus['status'], megabytes: number): Promise<void> {
  await waitFor(
    `${megabytes} MB in use`,
    async (saw) => saw(Number(await readCgroup(machine, controlGroup, 'memory.current')) / megabyte) > megabytes,
    180_000,
  );
}

async function fileSays(group: string, file: string, text: string): Promise<void> {
  await waitFor(`${file} ${text}`, async (saw) => saw(await readCgroup(machine, group, file)) === text, 90_000);
}

/** An event of the host that begins like this. */
async function eventSays(reason: string, message: string): Promise<void> {
  await waitFor(
    `${reason} ${message}`,
    async (saw) => {
      const events = (await readEvents(machine)).filter((event) => event.reason === reason);
      saw(events.map((event) => event.message));
      return events.some((event) => event.server === undefined && event.message.startsWith(message));
    },
    90_000,
  );
}
