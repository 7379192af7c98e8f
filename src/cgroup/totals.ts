import { present } from './present.ts';
import type { MemoryEvents, Pressure, Usage } from './types.ts';

/** The counters of a usage, each cumulative since its cgroup was made; absent where its controller is off. */
export interface Counters {
  readonly cpuUserSeconds?: number;
  readonly cpuSystemSeconds?: number;
  readonly cpuPeriods?: number;
  readonly cpuThrottledPeriods?: number;
  readonly cpuThrottledSeconds?: number;
  readonly memoryLow?: number;
  readonly memoryHigh?: number;
  readonly memoryMax?: number;
  readonly memoryOom?: number;
  readonly memoryOomKill?: number;
  readonly ioReadBytes?: number;
  readonly ioWriteBytes?: number;
  readonly ioReads?: number;
  readonly ioWrites?: number;
  readonly cpuWaitingSeconds?: number;
  readonly cpuStalledSeconds?: number;
  readonly memoryWaitingSeconds?: number;
  readonly memoryStalledSeconds?: number;
  readonly ioWaitingSeconds?: number;
  readonly ioStalledSeconds?: number;
}

const COUNTERS = [
  'cpuUserSeconds',
  'cpuSystemSeconds',
  'cpuPeriods',
  'cpuThrottledPeriods',
  'cpuThrottledSeconds',
  'memoryLow',
  'memoryHigh',
  'memoryMax',
  'memoryOom',
  'memoryOomKill',
  'ioReadBytes',
  'ioWriteBytes',
  'ioReads',
  'ioWrites',
  'cpuWaitingSeconds',
  'cpuStalledSeconds',
  'memoryWaitingSeconds',
  'memoryStalledSeconds',
  'ioWaitingSeconds',
  'ioStalledSeconds',
] as const satisfies readonly (keyof Counters)[];

/**
 * Counters carried over a server's cgroups, each of which starts at 0.
 *
 * `ended` is the sum over the cgroups that are gone (negative for what an adopted one had used before), `live` what the
 * present one showed at most. The sum of both never goes back, whatever is read.
 */
export interface Totals {
  readonly ended: Counters;
  readonly live: Counters;
}

export const NO_TOTALS: Totals = { ended: {}, live: {} };

/** The counters that one reading shows. */
export function countersOf(usage: Usage): Counters {
  const { memoryEvents, cpuPressure, memoryPressure, ioPressure } = usage;
  return present({
    cpuUserSeconds: usage.cpuUserSeconds,
    cpuSystemSeconds: usage.cpuSystemSeconds,
    cpuPeriods: usage.cpuPeriods,
    cpuThrottledPeriods: usage.cpuThrottledPeriods,
    cpuThrottledSeconds: usage.cpuThrottledSeconds,
    memoryLow: memoryEvents?.low,
    memoryHigh: memoryEvents?.high,
    memoryMax: memoryEvents?.max,
    memoryOom: memoryEvents?.oom,
    memoryOomKill: memoryEvents?.oomKill,
    ioReadBytes: usage.ioReadBytes,
    ioWriteBytes: usage.ioWriteBytes,
    ioReads: usage.ioReads,
    ioWrites: usage.ioWrites,
    cpuWaitingSeconds: cpuPressure?.waitingSeconds,
    cpuStalledSeconds: cpuPressure?.stalledSeconds,
    memoryWaitingSeconds: memoryPressure?.waitingSeconds,
    memoryStalledSeconds: memoryPressure?.stalledSeconds,
    ioWaitingSeconds: ioPressure?.waitingSeconds,
    ioStalledSeconds: ioPressure?.stalledSeconds,
  });
}

/** Totals after another reading of the present cgroup; a counter below what it was before counts as unchanged. */
export function addReading(totals: Totals, reading: Counters): Totals {
  return { ended: totals.ended, live: merge(totals.live, reading, Math.max) };
}

/** Totals after the present cgroup went away: the next reading is of a new one. */
export function endCgroup(totals: Totals): Totals {
  return { ended: sumOf(totals), live: {} };
}

/** Totals with a new present cgroup that counts from this reading on: what it used before is left out. */
export function startAt(totals: Totals, reading: Counters): Totals {
  const before: { -readonly [K in keyof Counters]: number } = {};
  for (const name of COUNTERS) if (reading[name] !== undefined) before[name] = -reading[name];
  return { ended: merge(totals.ended, before, (ended, negative) => ended + negative), live: reading };
}

/** Each counter over all cgroups; absent where no reading ever showed it. */
export function sumOf(totals: Totals): Counters {
  return merge(totals.ended, totals.live, (ended, live) => ended + live);
}

/** One counter over all cgroups; undefined where no reading ever showed it. */
export function sumOfOne({ ended, live }: Totals, name: keyof Counters): number | undefined {
  return live[name] === undefined ? ended[name] : live[name] + (ended[name] ?? 0);
}

/** The usage with its counters replaced by totals; its gauges stay. */
export function withTotals(usage: Usage, totals: Totals): Usage {
  const sum = sumOf(totals);
  const { cpuUserSeconds, cpuSystemSeconds, cpuPeriods, cpuThrottledPeriods, cpuThrottledSeconds } = sum;
  const { ioReadBytes, ioWriteBytes, ioReads, ioWrites } = sum;
  const figures = { cpuUserSeconds, cpuSystemSeconds, cpuPeriods, cpuThrottledPeriods, cpuThrottledSeconds };
  return {
    ...usage,
    ...present({ ...figures, ioReadBytes, ioWriteBytes, ioReads, ioWrites }),
    ...present({
      memoryEvents: memoryEventsOf(sum),
      cpuPressure: pressureOf(sum.cpuWaitingSeconds, sum.cpuStalledSeconds),
      memoryPressure: pressureOf(sum.memoryWaitingSeconds, sum.memoryStalledSeconds),
      ioPressure: pressureOf(sum.ioWaitingSeconds, sum.ioStalledSeconds),
    }),
  };
}

function memoryEventsOf(sum: Counters): MemoryEvents | undefined {
  if (sum.memoryOomKill === undefined) return undefined;
  const { memoryLow = 0, memoryHigh = 0, memoryMax = 0, memoryOom = 0, memoryOomKill } = sum;
  return { low: memoryLow, high: memoryHigh, max: memoryMax, oom: memoryOom, oomKill: memoryOomKill };
}

function pressureOf(waitingSeconds: number | undefined, stalledSeconds: number | undefined): Pressure | undefined {
  if (waitingSeconds === undefined) return undefined;
  return { waitingSeconds, ...(stalledSeconds !== undefined && { stalledSeconds }) };
}

function merge(a: Counters, b: Counters, combine: (a: number, b: number) => number): Counters {
  const merged: { -readonly [K in keyof Counters]: number } = { ...b, ...a };
  for (const name of COUNTERS) {
    const left = a[name];
    const right = b[name];
    if (left !== undefined && right !== undefined) merged[name] = combine(left, right);
  }
  return merged;
}
