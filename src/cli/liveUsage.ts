import { setTimeout as sleep } from 'node:timers/promises';
import { CgroupReader, readerOptions } from '../cgroup/read.ts';
import { CgroupGone, type Usage } from '../cgroup/types.ts';
import type { ServerStatus } from '../status/types.ts';
import type { Context } from './context.ts';

/** Time between the two readings that a CPU rate needs. */
const INTERVAL_MS = 200;

export interface LiveUsage {
  readonly usage: Usage;
  /** CPU cores in use over the last moment; absent where the cpu controller is off. */
  readonly cpuCores?: number;
}

/** What the servers that have a cgroup use now, by name. */
export function measureRunning(
  context: Context,
  servers: readonly ServerStatus[],
): Promise<ReadonlyMap<string, LiveUsage>> {
  const groups = new Map<string, string>();
  for (const { metadata, status } of servers) {
    if (status.controlGroup !== null) groups.set(metadata.name, status.controlGroup);
  }
  return measureUsage(context, groups);
}

/**
 * What servers use now, read from their cgroups twice, all at the same two moments.
 *
 * A server without a cgroup, or whose cgroup goes meanwhile, is left out.
 */
async function measureUsage(
  context: Context,
  controlGroups: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, LiveUsage>> {
  const options = readerOptions();
  const readers = new Map<string, CgroupReader>();
  const first = new Map<string, Usage>();
  const live = new Map<string, LiveUsage>();
  try {
    for (const [name, controlGroup] of controlGroups) {
      whileThere(() => {
        const reader = new CgroupReader(context.cgroupRoot, controlGroup, options);
        readers.set(name, reader);
        first.set(name, reader.read(context.clock.monotonicMs()));
      });
    }
    if (first.size > 0) await sleep(INTERVAL_MS);
    for (const [name, before] of first) {
      whileThere(() => {
        const usage = readers.get(name)?.read(context.clock.monotonicMs());
        if (usage !== undefined) live.set(name, { usage, ...rateOf(before, usage) });
      });
    }
  } finally {
    for (const reader of readers.values()) reader.close();
  }
  return live;
}

function whileThere(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof CgroupGone)) throw error;
  }
}

function rateOf(before: Usage, after: Usage): { cpuCores?: number } {
  const seconds = (after.sampledAtMs - before.sampledAtMs) / 1000;
  const used = [before, after].map(({ cpuUserSeconds, cpuSystemSeconds }) =>
    cpuUserSeconds === undefined || cpuSystemSeconds === undefined ? undefined : cpuUserSeconds + cpuSystemSeconds,
  );
  if (used[0] === undefined || used[1] === undefined || seconds <= 0) return {};
  return { cpuCores: Math.max(0, (used[1] - used[0]) / seconds) };
}
