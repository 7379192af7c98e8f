/**
 * The text of cgroup v2 files, turned into numbers in base units.
 *
 * Whatever a file doesn't say is absent from the result, never 0: a controller that is off and a limit that is not set
 * must not read as "uses nothing" and "may use nothing".
 * @see kernel Documentation/admin-guide/cgroup-v2.rst, "Core Interface Files" of each controller
 */

import { present } from './present.ts';
import type { MemoryEvents, Pressure, Usage } from './types.ts';

/**
 * What may change without a word though no process of the cgroup runs: memory is reclaimed and written back, a process is moved
 * away. The first tells whether any has run, see read.ts.
 */
export const RESTLESS_FILES = [
  'cpu.stat',
  'memory.current',
  'memory.stat',
  'memory.swap.current',
  'pids.current',
] as const;
export const RESTLESS_DETAILED = [...RESTLESS_FILES, 'io.stat'] as const;
/** Limits, whose writes the kernel tells as it does of these events, and what only a process that runs makes grow. */
const TOLD_FILES = ['cpu.max', 'memory.max', 'memory.high', 'pids.max', 'memory.events', 'memory.peak'] as const;

/** The files one usage is made of, but for its details. Begins as RESTLESS_FILES. */
export const BASIC_FILES = [...RESTLESS_FILES, ...TOLD_FILES] as const;
/**
 * Details are read only where they are asked for: they are a third of all files, and the kernel makes some of them at a cost.
 * Begins as RESTLESS_DETAILED.
 */
export const ALL_FILES = [
  ...RESTLESS_DETAILED,
  ...TOLD_FILES,
  'cpu.pressure',
  'memory.pressure',
  'io.pressure',
] as const;
export type CgroupFile = (typeof ALL_FILES)[number];

/** What was read of one cgroup; a file is absent where its controller is off or the kernel is too old for it. */
export type CgroupTexts = Readonly<Partial<Record<CgroupFile, string>>>;

export type CpuUsage = Pick<
  Usage,
  'cpuUserSeconds' | 'cpuSystemSeconds' | 'cpuPeriods' | 'cpuThrottledPeriods' | 'cpuThrottledSeconds'
>;

/**
 * CPU use of one cgroup, from `cpu.stat`.
 *
 * Seconds and counts, cumulative since the cgroup was made; periods and throttling are absent where the cpu controller is off.
 */
export function parseCpuStat(text: string): CpuUsage {
  return present({
    cpuUserSeconds: microseconds(keyedNumber(text, 'user_usec')),
    cpuSystemSeconds: microseconds(keyedNumber(text, 'system_usec')),
    cpuPeriods: keyedNumber(text, 'nr_periods'),
    cpuThrottledPeriods: keyedNumber(text, 'nr_throttled'),
    cpuThrottledSeconds: microseconds(keyedNumber(text, 'throttled_usec')),
  });
}

/** `cpu.max` (`QUOTA PERIOD`, microseconds) as cores; undefined: `max`, no limit. */
export function parseCpuMax(text: string): number | undefined {
  const [quota, period] = text.trim().split(' ');
  const quotaUsec = wholeNumber(quota);
  const periodUsec = wholeNumber(period);
  if (quotaUsec === undefined || periodUsec === undefined || periodUsec === 0) return undefined;
  return quotaUsec / periodUsec;
}

/** The three lines of `memory.stat` that a usage needs, bytes. */
export function parseMemoryStat(text: string): {
  readonly anonBytes?: number;
  readonly fileBytes?: number;
  readonly inactiveFileBytes?: number;
} {
  return present({
    anonBytes: keyedNumber(text, 'anon'),
    fileBytes: keyedNumber(text, 'file'),
    inactiveFileBytes: keyedNumber(text, 'inactive_file'),
  });
}

/** `memory.events`, cumulative since the cgroup was made. Undefined where any of the five counts is missing. */
export function parseMemoryEvents(text: string): MemoryEvents | undefined {
  const low = keyedNumber(text, 'low');
  const high = keyedNumber(text, 'high');
  const max = keyedNumber(text, 'max');
  const oom = keyedNumber(text, 'oom');
  const oomKill = keyedNumber(text, 'oom_kill');
  if (low === undefined || high === undefined || max === undefined || oom === undefined || oomKill === undefined) {
    return undefined;
  }
  return { low, high, max, oom, oomKill };
}

export type IoUsage = Pick<Usage, 'ioReadBytes' | 'ioWriteBytes' | 'ioReads' | 'ioWrites'>;

/**
 * `io.stat`, one line for each device, summed over them; cumulative since the cgroup was made.
 *
 * No line at all is 0 of each: the file is there, so the controller is on, and nothing was read or written yet.
 */
export function parseIoStat(text: string): IoUsage {
  let [ioReadBytes, ioWriteBytes, ioReads, ioWrites] = [0, 0, 0, 0];
  for (const word of text.split(/\s+/)) {
    const value = wholeNumber(word.slice(word.indexOf('=') + 1)) ?? 0;
    if (word.startsWith('rbytes=')) ioReadBytes += value;
    else if (word.startsWith('wbytes=')) ioWriteBytes += value;
    else if (word.startsWith('rios=')) ioReads += value;
    else if (word.startsWith('wios=')) ioWrites += value;
  }
  return { ioReadBytes, ioWriteBytes, ioReads, ioWrites };
}

/** `cpu.pressure` and its like. Undefined where it doesn't say how long some task waited. */
export function parsePressure(text: string): Pressure | undefined {
  const waitingSeconds = microseconds(pressureTotal(text, 'some'));
  const stalledSeconds = microseconds(pressureTotal(text, 'full'));
  if (waitingSeconds === undefined) return undefined;
  return { waitingSeconds, ...(stalledSeconds !== undefined && { stalledSeconds }) };
}

/** A file of one number, such as `memory.current` or `pids.max`; undefined: `max`, no limit. */
export function parseSingle(text: string): number | undefined {
  return wholeNumber(text.trim());
}

/** One usage from the files of one cgroup. `sampledAtMs` is the monotonic time of the reading. */
export function toUsage(texts: CgroupTexts, sampledAtMs: number): Usage {
  const memory = parsed(texts['memory.stat'], parseMemoryStat);
  const memoryCurrentBytes = parsed(texts['memory.current'], parseSingle);
  return present({
    sampledAtMs,
    ...parsed(texts['cpu.stat'], parseCpuStat),
    cpuLimitCores: parsed(texts['cpu.max'], parseCpuMax),
    memoryCurrentBytes,
    memoryWorkingSetBytes: workingSetBytes(memoryCurrentBytes, memory?.inactiveFileBytes),
    memoryAnonBytes: memory?.anonBytes,
    memoryFileBytes: memory?.fileBytes,
    memorySwapBytes: parsed(texts['memory.swap.current'], parseSingle),
    memoryPeakBytes: parsed(texts['memory.peak'], parseSingle),
    memoryLimitBytes: parsed(texts['memory.max'], parseSingle),
    memoryHighBytes: parsed(texts['memory.high'], parseSingle),
    memoryEvents: parsed(texts['memory.events'], parseMemoryEvents),
    tasks: parsed(texts['pids.current'], parseSingle),
    tasksLimit: parsed(texts['pids.max'], parseSingle),
    ...parsed(texts['io.stat'], parseIoStat),
    cpuPressure: parsed(texts['cpu.pressure'], parsePressure),
    memoryPressure: parsed(texts['memory.pressure'], parsePressure),
    ioPressure: parsed(texts['io.pressure'], parsePressure),
  });
}

/** The two files are read one after the other, so the cache may have grown past the total meanwhile. */
function workingSetBytes(currentBytes: number | undefined, inactiveFileBytes: number | undefined): number | undefined {
  if (currentBytes === undefined || inactiveFileBytes === undefined) return undefined;
  return Math.max(0, currentBytes - inactiveFileBytes);
}

/** The number after `key` in a file of `KEY VALUE` lines; keys are whole words at the start of a line. */
function keyedNumber(text: string, key: string): number | undefined {
  const prefix = `${key} `;
  let start = text.startsWith(prefix) ? 0 : text.indexOf(`\n${prefix}`) + 1;
  if (start === 0 && !text.startsWith(prefix)) return undefined;
  start += prefix.length;
  const end = text.indexOf('\n', start);
  return wholeNumber(text.slice(start, end === -1 ? undefined : end));
}

const PRESSURE_TOTALS = { some: /^some .*\btotal=(\d+)$/m, full: /^full .*\btotal=(\d+)$/m } as const;

/** Microseconds. */
function pressureTotal(text: string, line: keyof typeof PRESSURE_TOTALS): number | undefined {
  return wholeNumber(PRESSURE_TOTALS[line].exec(text)?.[1]);
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function microseconds(usec: number | undefined): number | undefined {
  return usec === undefined ? undefined : usec / 1e6;
}

function parsed<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}
