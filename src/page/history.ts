import type { Gauges } from '../cgroup/types.ts';

/** Slots of the short series: one a pass of the sampler, ten minutes at its 10 s. */
export const RECENT_SLOTS = 60;
/** Slots of the long one: a minute each. */
export const HOUR_SLOTS = 60;
const MINUTE_MS = 60_000;

/** What one thing used, oldest first. NaN: not known, because it was down or not there. */
export interface UsageSeries {
  readonly cpuCores: Float32Array;
  readonly memoryBytes: Float32Array;
}

/** Layout of one ring, in floats. */
const AT = {
  recentCpu: 0,
  recentMemory: RECENT_SLOTS,
  hourCpu: 2 * RECENT_SLOTS,
  hourMemory: 2 * RECENT_SLOTS + HOUR_SLOTS,
  minuteSum: 2 * (RECENT_SLOTS + HOUR_SLOTS),
  minuteCount: 2 * (RECENT_SLOTS + HOUR_SLOTS) + 1,
  minutePeak: 2 * (RECENT_SLOTS + HOUR_SLOTS) + 2,
} as const;
const RING_LENGTH = 2 * (RECENT_SLOTS + HOUR_SLOTS) + 3;

/** An amount of one moment; undefined: not known. */
export interface UsageAmount {
  readonly cpuCores: number | undefined;
  readonly memoryBytes: number | undefined;
}

/**
 * The last ten minutes and the last hour of many things, in memory: about a kilobyte each, however long they live.
 *
 * `take` gets everything there is at each pass of the sampler; what is not in it any more is forgotten.
 */
export class UsageHistory {
  /** Equal slots of all rings are the same moment. */
  readonly #rings = new Map<string, Float32Array>();
  #version = 0;
  #recentHead = 0;
  #hourHead = 0;
  #minute: number | undefined;

  /** @param nowMs monotonic */
  take(amounts: ReadonlyMap<string, UsageAmount>, nowMs: number): void {
    this.#rings.forEach((_ring, key) => {
      if (!amounts.has(key)) this.#rings.delete(key);
    });
    this.#version += 1;
    this.#turnTo(Math.floor(nowMs / MINUTE_MS));
    this.#recentHead = (this.#recentHead + 1) % RECENT_SLOTS;
    // Not `for of`, which makes two objects for each of a thousand things, every ten seconds.
    amounts.forEach(({ cpuCores = Number.NaN, memoryBytes = Number.NaN }, key) => {
      const ring = this.#ring(key);
      ring[AT.recentCpu + this.#recentHead] = cpuCores;
      ring[AT.recentMemory + this.#recentHead] = memoryBytes;
      if (!Number.isNaN(cpuCores)) {
        ring[AT.minuteSum] = (ring[AT.minuteSum] ?? 0) + cpuCores;
        ring[AT.minuteCount] = (ring[AT.minuteCount] ?? 0) + 1;
      }
      // Not Math.max, which would keep a NaN.
      if (!((ring[AT.minutePeak] ?? Number.NaN) >= memoryBytes) && !Number.isNaN(memoryBytes))
        ring[AT.minutePeak] = memoryBytes;
    });
  }

  /** The last ten minutes; undefined: nothing is known of it. */
  recent(key: string): UsageSeries | undefined {
    const ring = this.#rings.get(key);
    if (ring === undefined) return undefined;
    return {
      cpuCores: unrolled(ring, AT.recentCpu, RECENT_SLOTS, this.#recentHead),
      memoryBytes: unrolled(ring, AT.recentMemory, RECENT_SLOTS, this.#recentHead),
    };
  }

  /** The last hour, averages of CPU and peaks of memory by the minute; the last is of the minute that is not over. */
  hour(key: string): UsageSeries | undefined {
    const ring = this.#rings.get(key);
    if (ring === undefined) return undefined;
    const series = {
      cpuCores: unrolled(ring, AT.hourCpu, HOUR_SLOTS, this.#hourHead),
      memoryBytes: unrolled(ring, AT.hourMemory, HOUR_SLOTS, this.#hourHead),
    };
    series.cpuCores[HOUR_SLOTS - 1] = minuteMean(ring);
    series.memoryBytes[HOUR_SLOTS - 1] = ring[AT.minutePeak] ?? Number.NaN;
    return series;
  }

  /** Grows with each `take`: what was drawn from the history before is old then. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#rings.size;
  }

  /** Closes the minute before: its slot is the head's, and each minute that had no pass at all is empty. */
  #turnTo(minute: number): void {
    const passed = this.#minute === undefined ? 0 : Math.min(HOUR_SLOTS, Math.max(0, minute - this.#minute));
    this.#minute = minute;
    for (let step = 0; step < passed; step += 1) {
      for (const ring of this.#rings.values()) {
        ring[AT.hourCpu + this.#hourHead] = minuteMean(ring);
        ring[AT.hourMemory + this.#hourHead] = ring[AT.minutePeak] ?? Number.NaN;
        ring.fill(0, AT.minuteSum, AT.minutePeak);
        ring[AT.minutePeak] = Number.NaN;
      }
      this.#hourHead = (this.#hourHead + 1) % HOUR_SLOTS;
    }
  }

  #ring(key: string): Float32Array {
    const known = this.#rings.get(key);
    if (known !== undefined) return known;
    const ring = new Float32Array(RING_LENGTH).fill(Number.NaN);
    ring.fill(0, AT.minuteSum, AT.minutePeak);
    this.#rings.set(key, ring);
    return ring;
  }
}

function unrolled(ring: Float32Array, from: number, length: number, head: number): Float32Array {
  const series = new Float32Array(length);
  for (let at = 0; at < length; at += 1) series[at] = ring[from + ((head + 1 + at) % length)] ?? Number.NaN;
  return series;
}

function minuteMean(ring: Float32Array): number {
  const count = ring[AT.minuteCount] ?? 0;
  return count === 0 ? Number.NaN : (ring[AT.minuteSum] ?? Number.NaN) / count;
}

/** What the page calls usage: cores, and memory that can't be given back. Nothing of a reading older than `sinceMs`. */
export function amountOf(usage: Gauges | undefined, sinceMs: number): UsageAmount {
  if (usage === undefined || usage.sampledAtMs < sinceMs) return { cpuCores: undefined, memoryBytes: undefined };
  return { cpuCores: usage.cpuCores, memoryBytes: usage.memoryWorkingSetBytes ?? usage.memoryCurrentBytes };
}
