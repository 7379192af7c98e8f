import { EventEmitter, once } from 'node:events';
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createUsageSampler } from '../../../src/cgroup/sampler.ts';
import type { UsageSampler } from '../../../src/cgroup/types.ts';
import type { Clock } from '../../../src/clock.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { CgroupTree, cpuStat, events, FULL_CGROUP, pressure, recordingLog } from './tree.ts';

const PERIOD_MS = 10_000;

let tree: CgroupTree;
let clock: FakeClock;
let sampler: UsageSampler;
let log: ReturnType<typeof recordingLog>;
let passes: number[];
beforeEach(() => {
  tree = new CgroupTree();
  clock = new FakeClock();
  log = recordingLog();
  passes = [];
  sampler = createUsageSampler({ clock, log, root: tree.root, sampled: (seconds) => passes.push(seconds) });
});
afterEach(() => {
  sampler.stop();
  tree.dispose();
});

describe('usage', () => {
  test('is there right after follow, and undefined before', () => {
    tree.make('/a');
    sampler.start();
    expect(sampler.usage('alice')).toBeUndefined();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(1);
    expect(sampler.usage('alice')).toMatchObject({ cpuUserSeconds: 2, tasks: 7, memoryCurrentBytes: 104857600 });
  });

  test('is renewed every period, and each pass is reported', () => {
    tree.make('/a');
    sampler.start();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(1);
    tree.write('/a', 'pids.current', '8\n');
    clock.advance(PERIOD_MS);
    expect(sampler.usage('alice')?.tasks).toBe(8);
    expect(passes).toEqual([0, 0]);
  });

  describe('of a server at rest', () => {
    const FILES = ['memory.max'];
    const atRest = () => {
      tree.make('/a');
      sampler.start();
      sampler.follow('alice', '/a', 'i1');
      clock.advance(1);
      clock.advance(PERIOD_MS);
    };

    test.each([
      ['memory.current', '104861696\n'],
      ['memory.stat', 'anon 0\nfile 0\nkernel 0\nactive_file 0\ninactive_file 0\n'],
      ['memory.swap.current', '0\n'],
      ['pids.current', '8\n'],
    ])('is as new as of any other; what is done to its %s from outside is seen in a minute', (file, text) => {
      atRest();
      const { sampledAtMs = 0, cpuCores: _cores, ...before } = sampler.usage('alice') ?? {};
      const usage = () => {
        const { sampledAtMs: atMs, cpuCores: _cores, ...rest } = sampler.usage('alice') ?? {};
        return { atMs, rest };
      };
      tree.write('/a', file, text);
      clock.advance(PERIOD_MS);
      expect(usage()).toEqual({ atMs: sampledAtMs + PERIOD_MS, rest: before });
      clock.advance(5 * PERIOD_MS);
      expect(usage().rest).not.toEqual(before);
    });

    test('is read in full every five minutes, though it would be told of a write', () => {
      atRest();
      tree.write('/a', 'memory.max', '1000\n');
      // The event loop doesn't turn in here, so that no notification arrives.
      clock.advance(4 * 60_000);
      expect(sampler.usage('alice')).not.toHaveProperty('memoryLimitBytes');
      clock.advance(2 * 60_000);
      expect(sampler.usage('alice')?.memoryLimitBytes).toBe(1000);
    });

    test('is read in full at the next pass after a write to any of its files', async () => {
      atRest();
      sampler.limitsVersion('alice', FILES);
      tree.write('/a', 'memory.max', '1000\n');
      // It is told at once; here somebody who asks for limits sees that it was.
      await vi.waitFor(() => expect(sampler.limitsVersion('alice', FILES)).toBe(2));
      clock.advance(PERIOD_MS);
      expect(sampler.usage('alice')?.memoryLimitBytes).toBe(1000);
    });

    test('is read in full as soon as any process of it has run', () => {
      atRest();
      tree.write('/a', 'cpu.stat', cpuStat(2, 1.000001));
      tree.write('/a', 'pids.current', '8\n');
      clock.advance(PERIOD_MS);
      expect(sampler.usage('alice')?.tasks).toBe(8);
    });

    test('is in the final sample whatever the passes left out', () => {
      atRest();
      tree.write('/a', 'memory.events', events({ oomKill: 1 }));
      sampler.unfollow('alice');
      expect(sampler.oomKills('alice')).toBe(1);
    });
  });

  test('has limits whose version changes with them and with the cgroup, and that nobody knows where there is none', async () => {
    const files = ['memory.max'];
    tree.make('/a');
    tree.make('/b');
    expect(sampler.limitsVersion('alice', files)).toBeUndefined();
    sampler.follow('alice', '/a', 'i1');
    const versions = new Set([sampler.limitsVersion('alice', files), sampler.limitsVersion('alice', files)]);
    expect(versions.size).toBe(1);
    tree.write('/a', 'memory.max', '1000\n');
    await vi.waitFor(() => expect(versions).not.toContain(sampler.limitsVersion('alice', files)));
    versions.add(sampler.limitsVersion('alice', files));
    sampler.follow('alice', '/b', 'i2');
    versions.add(sampler.limitsVersion('alice', files));
    expect(versions.size).toBe(3);
    expect(versions).not.toContain(undefined);
    tree.remove('/b');
    tree.make('/b');
    sampler.unfollow('alice');
    expect(sampler.limitsVersion('alice', files)).toBeUndefined();
  });

  test('has limits that are found to be others in five minutes though nobody told of it', () => {
    const files = ['memory.max', 'cpu.weight'];
    tree.make('/a', { ...FULL_CGROUP, 'cpu.weight': '100\n' });
    sampler.start();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(1);
    const versionAfter = (delayMs: number) => {
      clock.advance(delayMs);
      return sampler.limitsVersion('alice', files);
    };
    clock.advance(2 * PERIOD_MS);
    for (const [file, text] of [
      ['memory.max', '1000\n'],
      ['cpu.weight', '50\n'],
    ] as const) {
      clock.advance(5 * 60_000);
      const before = versionAfter(0);
      // The event loop doesn't turn in here, so that no notification arrives.
      tree.write('/a', file, text);
      expect(versionAfter(0)).toBe(before);
      expect(versionAfter(5 * 60_000)).not.toBe(before);
    }
  });

  test('goes on to be read in full while a task waits and nothing runs', () => {
    sampler = createUsageSampler({ clock, log, root: tree.root, isDetailed: () => true });
    tree.make('/a');
    sampler.start();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(1);
    for (const seconds of [13, 23, 33]) {
      tree.write('/a', 'io.pressure', pressure(seconds, seconds));
      clock.advance(PERIOD_MS);
      expect(sampler.usage('alice')?.ioPressure).toEqual({ waitingSeconds: seconds, stalledSeconds: seconds });
    }
  });

  test('is measured anew where a decision depends on it, and not at all where it cannot be', () => {
    tree.make('/a');
    sampler.start();
    expect(sampler.measure('alice')).toBeUndefined();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(1000);
    tree.write('/a', 'pids.current', '8\n');
    expect(sampler.usage('alice')?.tasks).toBe(7);
    expect(sampler.measure('alice')?.tasks).toBe(8);
    sampler.unfollow('alice');
    expect(sampler.measure('alice')).toBeUndefined();
  });

  test('has the cores used between two samples', () => {
    tree.make('/a', { ...FULL_CGROUP, 'cpu.stat': cpuStat(10, 0) });
    sampler.start();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(1);
    expect(sampler.usage('alice')).not.toHaveProperty('cpuCores');
    tree.write('/a', 'cpu.stat', cpuStat(20, 5));
    clock.advance(PERIOD_MS);
    expect(sampler.usage('alice')?.cpuCores).toBeCloseTo(1.5, 2);
  });

  test('adds up counters over invocations and keeps only totals of a server that is down', () => {
    tree.make('/a', { ...FULL_CGROUP, 'cpu.stat': cpuStat(10, 1) });
    tree.make('/b', { ...FULL_CGROUP, 'cpu.stat': cpuStat(0.5, 0) });
    sampler.start();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(1);

    sampler.follow('alice', '/b', 'i2');
    clock.advance(1);
    expect(sampler.usage('alice')).toMatchObject({ cpuUserSeconds: 10.5, cpuSystemSeconds: 1, tasks: 7 });

    sampler.unfollow('alice');
    expect(sampler.usage('alice')).toMatchObject({ cpuUserSeconds: 10.5, memoryEvents: { oomKill: 0 } });
    expect(sampler.usage('alice')).not.toHaveProperty('memoryCurrentBytes');
    sampler.forget('alice');
    expect(sampler.usage('alice')).toBeUndefined();
  });

  test('takes what happened since the last pass into the final sample', () => {
    tree.make('/a', { ...FULL_CGROUP, 'cpu.stat': cpuStat(1, 0) });
    sampler.start();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(1);
    tree.write('/a', 'cpu.stat', cpuStat(4, 0));
    sampler.unfollow('alice');
    expect(sampler.usage('alice')?.cpuUserSeconds).toBe(4);
  });

  test('of an adopted cgroup counts from now on', () => {
    tree.make('/a', { ...FULL_CGROUP, 'cpu.stat': cpuStat(5000, 0), 'memory.events': events({ oomKill: 2 }) });
    const told: string[] = [];
    sampler.on((server) => told.push(server));
    sampler.start();
    sampler.follow('alice', '/a', 'i1', true);
    clock.advance(1);
    expect(sampler.usage('alice')?.cpuUserSeconds).toBe(0);
    expect([sampler.oomKills('alice'), sampler.oomKillsOf('alice', 'i1'), told]).toEqual([0, 2, []]);
  });

  test('is nothing of a cgroup that is not there, without a word in the log', () => {
    sampler.start();
    sampler.follow('alice', '/gone', 'i1');
    clock.advance(2 * PERIOD_MS);
    expect(sampler.usage('alice')).toBeUndefined();
    expect([...log.warnings, ...log.errors]).toEqual([]);
  });

  test('never has a counter that goes back, whatever happens to units and cgroups', () => {
    const names = fc.constantFrom('start', 'startInCrowd', 'follow', 'work', 'wait', 'remove', 'stop');
    const steps = fc.array(names, { maxLength: 30 });
    fc.assert(
      fc.property(steps, (names) => {
        let invocation = 0;
        let usedSeconds = 0;
        let isThere = false;
        let before = 0;
        sampler.start();
        for (const name of names) {
          if (name === 'start' || name === 'startInCrowd') {
            invocation += 1;
            usedSeconds = 0;
            isThere = true;
            tree.make(`/s${invocation}`, { 'cpu.stat': cpuStat(0, 0), 'memory.events': events({}) });
            if (name === 'start') sampler.follow('alice', `/s${invocation}`, `i${invocation}`);
            else sampler.followKills('alice', `/s${invocation}`, `i${invocation}`);
          } else if (name === 'follow' && isThere) {
            sampler.follow('alice', `/s${invocation}`, `i${invocation}`);
          } else if (name === 'work' && isThere) {
            usedSeconds += 3;
            tree.write(`/s${invocation}`, 'cpu.stat', cpuStat(usedSeconds, 1));
          } else if (name === 'remove' && isThere) {
            isThere = false;
            tree.remove(`/s${invocation}`);
          } else if (name === 'stop') {
            sampler.unfollow('alice');
          } else if (name === 'wait') {
            clock.advance(PERIOD_MS);
          }
          const now = sampler.usage('alice')?.cpuUserSeconds ?? 0;
          expect(now).toBeGreaterThanOrEqual(before);
          before = now;
        }
        sampler.forget('alice');
      }),
      { numRuns: 50 },
    );
  });

  test('is never that of the whole host', () => {
    tree.make('/', FULL_CGROUP);
    sampler.start();
    sampler.follow('alice', '', 'i1');
    sampler.follow('alice', '/', 'i1');
    clock.advance(PERIOD_MS);
    expect(sampler.usage('alice')).toBeUndefined();
  });
});

describe('out-of-memory kills', () => {
  test('are told when memory.events changes, long before the next pass', async () => {
    tree.make('/a');
    const told = new EventEmitter();
    sampler.on((server) => told.emit('kill', server));
    sampler.start();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(1);

    const kill = once(told, 'kill');
    tree.write('/a', 'memory.events', events({ oom: 1, oomKill: 1 }));

    expect(await kill).toEqual(['alice']);
    expect(sampler.oomKills('alice')).toBe(1);
  });

  test('are watched in the next invocation too', async () => {
    tree.make('/a');
    sampler.start();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(1);
    tree.remove('/a');
    sampler.unfollow('alice');
    tree.make('/a');
    sampler.follow('alice', '/a', 'i2');
    clock.advance(1);

    const told = new EventEmitter();
    sampler.on((server) => told.emit('kill', server));
    const kill = once(told, 'kill');
    tree.write('/a', 'memory.events', events({ oomKill: 1 }));
    await kill;
    expect(sampler.oomKillsOf('alice', 'i2')).toBe(1);
  });

  describe('of a cgroup that nothing else is read of yet', () => {
    const killedIn = async (group: string): Promise<void> => {
      const told = new EventEmitter();
      sampler.on((server) => told.emit('kill', server));
      const kill = once(told, 'kill');
      tree.write(group, 'memory.events', events({ oomKill: 1 }));
      await kill;
    };

    test('are told at once, and from then on all of it is read', async () => {
      tree.make('/a');
      sampler.start();
      sampler.followKills('alice', '/a', 'i1');
      clock.advance(2 * PERIOD_MS);
      expect(sampler.usage('alice')).toBeUndefined();

      await killedIn('/a');

      expect(sampler.oomKillsOf('alice', 'i1')).toBe(1);
      clock.advance(1);
      expect(sampler.usage('alice')).toMatchObject({ tasks: 7, memoryEvents: { oomKill: 1 } });
    });

    test('are told at once where the memory controller was switched on a moment after the look, and no file stays open', async () => {
      tree.make('/a', { 'cpu.stat': cpuStat(1, 0) });
      sampler.start();
      const before = readdirSync('/proc/self/fd').length;
      expect(sampler.followKills('bob', '/nowhere', 'i1')).toBe(false);
      expect(sampler.followKills('alice', '/a', 'i1')).toBe(true);
      clock.advance(1);
      expect(sampler.followKills('alice', '/a', 'i1')).toBe(true);
      // What tells of writes is one for all of this process, and may be there from before.
      expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before + 1);

      await killedIn('/a');

      expect(sampler.oomKills('alice')).toBe(1);
    });

    test('are told where they came before anybody looked, and at the next pass where no watch is to be had', () => {
      const told: string[] = [];
      sampler.on((server) => told.push(server));
      tree.make('/a', { ...FULL_CGROUP, 'memory.events': events({ oomKill: 1 }) });
      sampler.start();
      sampler.followKills('alice', '/a', 'i1');
      sampler.followKills('bob', '/b', 'i1');
      clock.advance(1);
      expect(told).toEqual(['alice']);
      tree.make('/b', { ...FULL_CGROUP, 'memory.events': events({ oomKill: 2 }) });
      clock.advance(PERIOD_MS);
      expect(told).toEqual(['alice', 'bob']);
    });

    test('are told once, whichever of the two looks sees them', async () => {
      tree.make('/a');
      sampler.start();
      sampler.followKills('alice', '/a', 'i1');
      clock.advance(1);
      sampler.follow('alice', '/a', 'i1');
      clock.advance(1);
      expect(sampler.usage('alice')).toMatchObject({ tasks: 7, memoryEvents: { oomKill: 0 } });

      await killedIn('/a');
      sampler.followKills('alice', '/a', 'i1');
      clock.advance(PERIOD_MS);

      expect(sampler.oomKills('alice')).toBe(1);
      expect(sampler.usage('alice')?.tasks).toBe(7);
    });

    test('stay counted where its control group turns out to be another', () => {
      tree.make('/guessed', { ...FULL_CGROUP, 'memory.events': events({ oomKill: 1 }) });
      tree.make('/real', { ...FULL_CGROUP, 'memory.events': events({ oomKill: 2 }) });
      sampler.start();
      sampler.followKills('alice', '/guessed', 'i1');
      clock.advance(1);
      sampler.follow('alice', '/real', 'i1');
      clock.advance(1);
      expect(sampler.oomKills('alice')).toBe(3);
    });

    test('come with the totals of the runs before, and not with what the last of these used', () => {
      tree.make('/a', { ...FULL_CGROUP, 'cpu.stat': cpuStat(10, 1) });
      tree.make('/b');
      sampler.start();
      sampler.follow('alice', '/a', 'i1');
      clock.advance(1);
      sampler.followKills('alice', '/b', 'i2');
      clock.advance(1);
      expect(sampler.usage('alice')).toMatchObject({ cpuUserSeconds: 10 });
      expect(sampler.usage('alice')).not.toHaveProperty('memoryCurrentBytes');
      expect(sampler.gauges('alice')).toBeUndefined();
    });
  });

  test('are told once each, and counted in total and by invocation', () => {
    const told: string[] = [];
    sampler.on((server) => told.push(server));
    tree.make('/a', { ...FULL_CGROUP, 'memory.events': events({ oomKill: 2 }) });
    tree.make('/b', { ...FULL_CGROUP, 'memory.events': events({ oomKill: 1 }) });
    sampler.start();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(2 * PERIOD_MS);
    sampler.follow('alice', '/b', 'i2');
    clock.advance(2 * PERIOD_MS);
    expect(told).toEqual(['alice', 'alice']);
    expect(['i1', 'i2', 'i3'].map((invocation) => sampler.oomKillsOf('alice', invocation))).toEqual([2, 1, 0]);
    expect(sampler.oomKills('alice')).toBe(3);
  });

  test('reach the other listeners when one of them fails', () => {
    const told: string[] = [];
    sampler.on(() => {
      throw new Error('broken');
    });
    sampler.on((server) => told.push(server));
    tree.make('/a', { ...FULL_CGROUP, 'memory.events': events({ oomKill: 1 }) });
    sampler.start();
    sampler.follow('alice', '/a', 'i1');
    clock.advance(1);
    expect(told).toEqual(['alice']);
    expect(log.errors).toHaveLength(1);
  });
});

test('a pass over many servers lets the loop turn between slices', () => {
  const slices: (() => void)[] = [];
  let nowMs = 0;
  // Every look at this clock costs 3 ms, as a slow reading would.
  const slowClock: Clock = {
    wallMs: () => 0,
    monotonicMs: () => {
      nowMs += 3;
      return nowMs;
    },
    after: (delayMs, fire) => {
      if (delayMs === 0) slices.push(fire);
      return () => undefined;
    },
  };
  const slow = createUsageSampler({ clock: slowClock, log, root: tree.root, sliceMs: 5 });
  slow.start();
  for (let index = 0; index < 10; index += 1) {
    tree.make(`/s${index}`, { 'cpu.stat': cpuStat(1, 1) });
    slow.follow(`s${index}`, `/s${index}`, 'i');
  }
  let turns = 0;
  for (let slice = slices.shift(); slice !== undefined; slice = slices.shift()) {
    turns += 1;
    slice();
  }
  expect(turns).toBeGreaterThan(2);
  expect(slow.usage('s9')?.cpuUserSeconds).toBe(1);
  slow.stop();
});

test('the end of the last process is read at once: nobody can read it a moment later', async () => {
  tree.make('/a', { ...FULL_CGROUP, 'cpu.stat': cpuStat(1, 0), 'cgroup.events': 'populated 1\nfrozen 0\n' });
  sampler.start();
  sampler.follow('alice', '/a', 'i1');
  clock.advance(1);
  tree.write('/a', 'cpu.stat', cpuStat(9, 0));
  tree.write('/a', 'cgroup.events', 'populated 0\nfrozen 0\n');
  await vi.waitFor(() => expect(sampler.usage('alice')?.cpuUserSeconds).toBe(9));
  tree.remove('/a');
  sampler.unfollow('alice');
  expect(sampler.usage('alice')?.cpuUserSeconds).toBe(9);
});

test('stop and forget give every descriptor back', () => {
  const before = readdirSync('/proc/self/fd').length;
  sampler.start();
  for (const name of ['a', 'b', 'c']) {
    tree.make(`/${name}`);
    sampler.follow(name, `/${name}`, 'i');
  }
  clock.advance(1);
  sampler.forget('a');
  sampler.stop();
  // The event loop keeps one inotify descriptor for all watches, present and future.
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before + 1);
  expect(clock.nextDueMs()).toBeUndefined();
});
