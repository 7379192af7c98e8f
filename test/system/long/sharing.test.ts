import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../../src/status/types.ts';
import { installHublet } from '../../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../../machine/machine.ts';
import {
  awaitGone,
  awaitPhase,
  awaitStatus,
  countIn,
  dropSpecs,
  readCgroup,
  removeSpecs,
  type Spec,
} from '../../machine/servers.ts';

const megabyte = 2 ** 20;

const programs = {
  // Holds 50 MB more from each SIGUSR1 on.
  'holder.py': `
import signal
held = []
signal.signal(signal.SIGUSR1, lambda *_: held.append(b"x" * (50 << 20)))
while True: signal.pause()
`,
  // From SIGUSR1 on as many busy processes as its argument says.
  'busy.py': `
import os, signal, sys
def begin(*_):
    for _ in range(int(sys.argv[1])):
        if os.fork() == 0:
            while True: pass
signal.signal(signal.SIGUSR1, begin)
while True: signal.pause()
`,
};

const program = (file: keyof typeof programs, resources: object, ...rest: string[]): Spec => ({
  user: 'alice',
  command: ['python3', `/srv/programs/${file}`, ...rest],
  resources,
});
const script = (line: string, resources: object): Spec => ({
  user: 'bob',
  command: ['bash', '-c', line],
  resources,
});
const endless = 'while :; do :; done';
/** Writes the same 4 MB again and again, past the cache. */
const writing =
  'while :; do dd if=/dev/zero of=/srv/disk/$HUBLET_SERVER bs=128k count=32 oflag=direct status=none; done';
const onCpu = (cpus: string): Spec => ({ user: 'bob', command: ['sleep', 'infinity'], resources: { cpu: { cpus } } });

const servers: Readonly<Record<string, Spec>> = {
  throttled: program('holder.py', { memory: { high: '40M' } }),
  swapping: program('holder.py', { memory: { limit: '40M', swap: '40M' } }),
  unswapped: program('holder.py', { memory: { limit: '40M' } }),
  pinned: onCpu('1'),
  many: program('busy.py', {}, '100'),
  few: program('busy.py', {}, '2'),
};

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await machine.put({ files: programs }, '/srv/programs');
  await machine.run(`install -d -o bob /srv/disk
    fallocate -l 256M /srv/swap && chmod 600 /srv/swap && mkswap -q /srv/swap && swapon /srv/swap`);
  // The tests remove what they are done with: several within a minute, which would be held for a person.
  const config = { apiVersion: 'hublet/v1', kind: 'Config', prune: { minCount: 100 } };
  await installHublet(machine, { start: true, config });
  await dropSpecs(machine, servers);
  await awaitPhase(machine, Object.keys(servers), 'Ready');
});

afterAll(() => machine?.kill());

describe('memory', () => {
  it('above high is reclaimed, and the server slowed down and not killed', async () => {
    const before = await ready('throttled');
    expect(await readCgroup(machine, before.controlGroup, 'memory.high')).toBe(String(40 * megabyte));
    expect(await readCgroup(machine, before.controlGroup, 'memory.swap.max')).toBe('max');

    await hold('throttled', 50);

    const events = await readCgroup(machine, before.controlGroup, 'memory.events');
    expect(countIn(events, 'high')).toBeGreaterThan(0);
    expect(countIn(events, 'oom_kill')).toBe(0);
    expect(await readCgroup(machine, before.controlGroup, 'memory.swap.current')).not.toBe('0');
    expect(await ready('throttled')).toMatchObject({ mainPid: before.mainPid, restarts: 0, lastExit: null });
  });

  it('above the limit goes to swap as far as the limit of that', async () => {
    const before = await ready('swapping');
    expect(await readCgroup(machine, before.controlGroup, 'memory.swap.max')).toBe(String(40 * megabyte));

    await hold('swapping', 50);

    const held = await memoryOf(before);
    expect(held.current).toBeLessThanOrEqual(40);
    expect(held.swap).toBeGreaterThan(5);
    expect(held.swap).toBeLessThanOrEqual(40);
    expect(await ready('swapping')).toMatchObject({ mainPid: before.mainPid, restarts: 0 });

    await signal(before, 'USR1');
    const after = await awaitStatus(machine, 'swapping', 'an end', ({ lastExit }) => lastExit !== null);
    expect(after.lastExit).toMatchObject({ result: 'oom-kill' });
  });

  it('above the limit goes nowhere where the spec says nothing of swap, though the host has some', async () => {
    const before = await ready('unswapped');
    expect(await readCgroup(machine, before.controlGroup, 'memory.swap.max')).toBe('0');

    await signal(before, 'USR1');

    const after = await awaitStatus(machine, 'unswapped', 'an end', ({ lastExit }) => lastExit !== null);
    expect(after.lastExit).toMatchObject({ result: 'oom-kill' });
  });
});

describe('CPU', () => {
  it('time is what the limit says, half a core and half a percent of one', async () => {
    const specs = {
      half: script(endless, { cpu: { limit: 0.5 } }),
      trace: script(endless, { cpu: { limit: 0.005 } }),
    };
    await dropSpecs(machine, specs);
    const [half, trace] = await awaitPhase(machine, ['half', 'trace'], 'Ready');
    expect(await readCgroup(machine, half?.controlGroup ?? null, 'cpu.max')).toBe('50000 100000');
    expect(await readCgroup(machine, trace?.controlGroup ?? null, 'cpu.max')).toBe('1000 200000');

    // A hundredth of a second that the kernel took at once, as it does, is paid for in two.
    const before = await usages(half, trace);
    const after = await waitFor(
      'eight seconds of the machine, and some use',
      async (saw) => {
        const now = saw(await usages(half, trace));
        return now[1].periods > before[1].periods + 40 && now[1].seconds > before[1].seconds && now;
      },
      120_000,
    );

    expect(coresBetween(before[0], after[0])).toBeLessThan(0.6);
    expect(coresBetween(before[0], after[0])).toBeGreaterThan(0.2);
    expect(coresBetween(before[1], after[1])).toBeLessThan(0.03);
    await removeSpecs(machine, ['half', 'trace']);
    await awaitGone(machine, ['half', 'trace']);
  });

  it('is on the listed processors alone, and on others without a restart', async () => {
    const before = await ready('pinned');
    const allowed = () => machine.run(`grep Cpus_allowed_list: /proc/${before.mainPid}/status`);
    expect(await allowed()).toBe('Cpus_allowed_list:\t1\n');

    await dropSpecs(machine, { pinned: onCpu('0') });

    await waitFor('the other one', async (saw) => saw(await allowed()) === 'Cpus_allowed_list:\t0\n', 60_000);
    expect(await ready('pinned')).toMatchObject({ mainPid: before.mainPid, invocationId: before.invocationId });
  });

  it('is shared by servers and not by processes: 100 busy ones of one have as much as 2 of another', async () => {
    const [many, few] = [await ready('many'), await ready('few')];
    const files = [many, few].map(({ controlGroup }) => `.${controlGroup}/pids.current`).join(' ');
    await machine.run(`kill -USR1 ${many.mainPid} ${few.mainPid}`);
    await waitFor(
      'all of them',
      async (saw) => saw(await machine.run(`cd /sys/fs/cgroup && cat ${files}`)) === '101\n3\n',
      120_000,
    );
    const before = await usages(many, few);
    const used = await waitFor(
      'eight seconds of CPU',
      async (saw) => {
        const now = await usages(many, few);
        const each = { many: now[0].seconds - before[0].seconds, few: now[1].seconds - before[1].seconds };
        return saw(each).many + each.few > 10 && each;
      },
      120_000,
    );
    expect(used.many / used.few).toBeGreaterThan(0.67);
    expect(used.many / used.few).toBeLessThan(1.5);
    await removeSpecs(machine, ['many', 'few']);
    await awaitGone(machine, ['many', 'few']);
  });
});

describe('a disk', () => {
  it('is written to as fast as the limit says, and faster without one', async () => {
    const limited = script(writing, { io: { writeBytesPerSecond: { '/srv': '1M' } } });
    await dropSpecs(machine, { limited, unlimited: script(writing, {}) });
    const [slow, fast] = await awaitPhase(machine, ['limited', 'unlimited'], 'Ready');
    expect(await readCgroup(machine, slow?.controlGroup ?? null, 'io.max')).toMatch(/^\d+:0 rbps=max wbps=1048576 /);

    const rate = async (status: ServerStatus['status'] | undefined) => {
      const before = await waitFor('writes', async (saw) => afterWrites(saw(await writesOf(status)), 0), 60_000);
      const after = await waitFor(
        'more',
        async (saw) => afterWrites(saw(await writesOf(status)), before.bytes + 5e6),
        120_000,
      );
      return (after.bytes - before.bytes) / (after.atSeconds - before.atSeconds);
    };
    const [slowly, quickly] = [await rate(slow), await rate(fast)];

    expect(slowly).toBeLessThan(1.3 * megabyte);
    expect(quickly).toBeGreaterThan(1.6 * megabyte);
    await removeSpecs(machine, ['limited', 'unlimited']);
    await awaitGone(machine, ['limited', 'unlimited']);
  });
});

/** The machine's own seconds since boot, as a line of a cgroup file would tell them. */
const uptime = "echo uptime $(cut -d' ' -f1 /proc/uptime)";

type Status = ServerStatus['status'];

interface Usage {
  readonly seconds: number;
  readonly periods: number;
  readonly atSeconds: number;
}

interface Writes {
  readonly bytes: number;
  readonly atSeconds: number;
}

function ready(name: string): Promise<Status> {
  return awaitStatus(machine, name, 'phase Ready', ({ phase }) => phase === 'Ready');
}

async function signal({ mainPid }: Status, name: 'USR1'): Promise<void> {
  await machine.run(`kill -${name} ${mainPid}`);
}

/** Has a holder take 50 MB, and waits until it has that much, be it in swap. */
async function hold(name: string, megabytes: number): Promise<void> {
  const status = await ready(name);
  await signal(status, 'USR1');
  await waitFor(
    `${megabytes} MB`,
    async (saw) => {
      const { current, swap } = saw(await memoryOf(status));
      return current + swap > megabytes;
    },
    120_000,
  );
}

/** In megabytes. */
async function memoryOf({ controlGroup }: Status): Promise<{ readonly current: number; readonly swap: number }> {
  const [current, swap] = await Promise.all(
    ['memory.current', 'memory.swap.current'].map((file) => readCgroup(machine, controlGroup, file)),
  );
  return { current: Number(current) / megabyte, swap: Number(swap) / megabyte };
}

/** CPU time and throttling periods of two so far, and when that was on the machine's clock, which may go slower than ours. */
async function usages(one: Status | undefined, other: Status | undefined): Promise<readonly [Usage, Usage]> {
  const stat = (status: Status | undefined) => `cat /sys/fs/cgroup${status?.controlGroup}/cpu.stat`;
  const text = await machine.run(`${uptime}; ${stat(one)}; echo; ${stat(other)}`);
  const [first = '', second = ''] = text.split('\n\n');
  const atSeconds = countIn(first, 'uptime');
  const usage = (part: string): Usage => ({
    seconds: countIn(part, 'usage_usec') / 1e6,
    periods: countIn(part, 'nr_periods'),
    atSeconds,
  });
  return [usage(first), usage(second)];
}

async function writesOf(status: Status | undefined): Promise<Writes> {
  const text = await machine.run(`${uptime}; cat /sys/fs/cgroup${status?.controlGroup}/io.stat`);
  return { bytes: Number(/ wbytes=(\d+)/.exec(text)?.[1] ?? 0), atSeconds: countIn(text, 'uptime') };
}

function coresBetween(before: Usage, after: Usage): number {
  return (after.seconds - before.seconds) / (after.atSeconds - before.atSeconds);
}

function afterWrites(writes: Writes, bytes: number): Writes | false {
  return writes.bytes > bytes && writes;
}
