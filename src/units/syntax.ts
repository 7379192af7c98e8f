import { parseCpus } from '../spec/quantities.ts';
import { cpuMask } from './cpuset.ts';

/** A property's text does not have the syntax that unit files have for it; the message says what is expected. */
export class PropertySyntaxError extends Error {
  override readonly name = 'PropertySyntaxError';
}

/** How systemd writes "no limit" in 64 bits (CGROUP_LIMIT_MAX, USEC_INFINITY, CGROUP_WEIGHT_INVALID). */
export const INFINITY = 2n ** 64n - 1n;

const SIZE_FACTORS: Readonly<Record<string, bigint>> = {
  '': 1n,
  B: 1n,
  K: 1024n,
  M: 1024n ** 2n,
  G: 1024n ** 3n,
  T: 1024n ** 4n,
  P: 1024n ** 5n,
  E: 1024n ** 6n,
};

const USEC_PER_UNIT: Readonly<Record<string, bigint>> = {
  us: 1n,
  ms: 1000n,
  s: 1_000_000n,
  '': 1_000_000n,
  m: 60_000_000n,
  min: 60_000_000n,
  h: 3_600_000_000n,
  hr: 3_600_000_000n,
  d: 86_400_000_000n,
  w: 604_800_000_000n,
};

/** Bytes: `512M`, `1.5G`, `4096`, `infinity`. @see systemd.resource-control(5), "MemoryMax=" @throws {PropertySyntaxError} */
export function parseBytes(text: string): bigint {
  if (text === 'infinity') return INFINITY;
  const match = /^(\d{1,18})(?:\.(\d{1,6}))?([BKMGTPE]?)$/.exec(text);
  if (match === null) throw new PropertySyntaxError('expects a size such as 512M, or infinity');
  const [, whole = '', fraction = '', unit = ''] = match;
  return (BigInt(whole + fraction) * (SIZE_FACTORS[unit] ?? 1n)) / 10n ** BigInt(fraction.length);
}

/** A whole number, or `infinity`. @see systemd.resource-control(5), "TasksMax=" @throws {PropertySyntaxError} */
export function parseCount(text: string): bigint {
  if (text === 'infinity') return INFINITY;
  if (!/^\d{1,18}$/.test(text)) throw new PropertySyntaxError('expects a whole number, or infinity');
  return BigInt(text);
}

/** Percent of one CPU as microseconds a second: `115%` is 1150000; empty: no limit. @see systemd.resource-control(5), "CPUQuota=" @throws {PropertySyntaxError} */
export function parseCpuPercent(text: string): bigint {
  if (text === '') return INFINITY;
  const match = /^(\d{1,9})(?:\.(\d{1,2}))?%$/.exec(text);
  const usec = match === null ? 0n : BigInt(`${match[1]}${(match[2] ?? '').padEnd(2, '0')}`) * 100n;
  if (usec === 0n) throw new PropertySyntaxError('expects a percentage above 0 such as 115%');
  return usec;
}

/** A share between 1 and 10000, `idle`, or empty for systemd's default. @see systemd.resource-control(5), "CPUWeight=" @throws {PropertySyntaxError} */
export function parseWeight(text: string): bigint {
  if (text === '') return INFINITY;
  if (text === 'idle') return 0n;
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 10_000) {
    throw new PropertySyntaxError('expects a weight between 1 and 10000, or idle');
  }
  return BigInt(text);
}

/** A share between 1 and 10000, or empty for systemd's default. @see systemd.resource-control(5), "IOWeight=" @throws {PropertySyntaxError} */
export function parseIoWeight(text: string): bigint {
  if (text === 'idle') throw new PropertySyntaxError('expects a weight between 1 and 10000');
  return parseWeight(text);
}

/** systemd's words for yes and no. @see systemd.syntax(7) @throws {PropertySyntaxError} */
export function parseBoolean(text: string): boolean {
  if (/^(?:1|yes|y|true|t|on)$/i.test(text)) return true;
  if (/^(?:0|no|n|false|f|off)$/i.test(text)) return false;
  throw new PropertySyntaxError('expects yes or no');
}

/** A time span in microseconds: `30`, `1min 30s`, `500ms`, `infinity`. @see systemd.time(7), "Parsing time spans" @throws {PropertySyntaxError} */
export function parseTimespan(text: string): bigint {
  if (text.trim() === 'infinity') return INFINITY;
  const part = /(\d{1,15})\s*([a-z]*)\s*/y;
  let usec = 0n;
  const trimmed = text.trim();
  while (part.lastIndex < trimmed.length) {
    const match = part.exec(trimmed);
    const factor = match === null ? undefined : USEC_PER_UNIT[match[2] ?? ''];
    if (match === null || factor === undefined) throw new PropertySyntaxError('expects a time span such as 1min 30s');
    usec += BigInt(match[1] ?? 0) * factor;
  }
  if (trimmed === '') throw new PropertySyntaxError('expects a time span such as 1min 30s');
  return usec;
}

/** Words between blanks; quotes keep blanks, a backslash keeps the next character. @see systemd.syntax(7), "Quoting" @throws {PropertySyntaxError} */
export function parseWords(text: string): string[] {
  const words: string[] = [];
  const word = /\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+)/suy;
  const rest = text.trimEnd();
  while (word.lastIndex < rest.length) {
    const match = word.exec(rest);
    if (match === null) throw new PropertySyntaxError('has a quote that is not closed');
    words.push(unquoted(match[1] ?? ''));
  }
  return words;
}

/** A CPU list such as `0-3,5` or `0-3 5` as a mask; empty: any CPU. @see systemd.resource-control(5), "AllowedCPUs=" @throws {PropertySyntaxError} */
export function parseCpuSet(text: string): Buffer {
  const list = text
    .trim()
    .split(/[\s,]+/)
    .join(',');
  if (list === '') return cpuMask([]);
  try {
    return cpuMask(parseCpus(list));
  } catch (err) {
    throw new PropertySyntaxError('expects a list of CPUs such as 0-3,5', { cause: err });
  }
}

function unquoted(word: string): string {
  return word.replace(
    /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|\\(.)/gsu,
    (_all, double: string | undefined, single: string | undefined, escaped: string | undefined) =>
      (double ?? single)?.replace(/\\(.)/gsu, '$1') ?? escaped ?? '',
  );
}
