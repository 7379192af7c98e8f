import { PropertySyntaxError } from './error.ts';

/** How systemd writes "no limit" in 64 bits (CGROUP_LIMIT_MAX, USEC_INFINITY, RLIM_INFINITY, CGROUP_WEIGHT_INVALID). */
export const INFINITY = 2n ** 64n - 1n;

/** 100% of a property that is a part of something, 32 bits. */
const SCALE_MAX = 2n ** 32n - 1n;

const SIZE_UNITS = ['E', 'P', 'T', 'G', 'M', 'K', 'B', ''] as const;

/** What a memory limit may be given as: an amount of its own, or a part of the host's memory. */
export interface HostMemory {
  /** Absent: not known, so that no percentage can be taken. */
  readonly memoryBytes?: number;
}

/** Bytes, K is 1024: `512M`, `1.5G`, `1G 512M`, `4096`. @see systemd.syntax(7) @throws {PropertySyntaxError} */
export function parseSize(text: string): bigint {
  return sizeOf(text, 1024n, 'expects a size such as 512M or 1.5G');
}

/** Bytes or operations a second, K is 1000: `5M` is 5000000; `infinity`. @see systemd.resource-control(5), "IOReadBandwidthMax=" @throws {PropertySyntaxError} */
export function parseRate(text: string): bigint {
  if (text === 'infinity') return INFINITY;
  const rate = sizeOf(text, 1000n, 'expects a rate such as 5M (K M G are powers of 1000), or infinity');
  if (rate === 0n) throw new PropertySyntaxError('expects a rate above 0, or infinity');
  return rate;
}

/**
 * Bytes of memory: a size, `infinity`, or a percentage of the host's memory, whole pages; empty: `unset`.
 *
 * @see systemd.resource-control(5), "MemoryMin=" @throws {PropertySyntaxError}
 */
export function parseMemory(text: string, unset: bigint, { memoryBytes }: HostMemory): bigint {
  if (text === '') return unset;
  if (text === 'infinity') return INFINITY;
  if (!/[%‰‱]$/.test(text)) {
    return sizeOf(text, 1024n, 'expects a size such as 512M, a percentage of the memory such as 10%, or infinity');
  }
  const permyriad = parsePermyriad(text);
  if (memoryBytes === undefined) throw new PropertySyntaxError("expects a size: the host's memory is not known here");
  const pages = (BigInt(memoryBytes) / PAGE_BYTES) * permyriad;
  return (pages / 10_000n) * PAGE_BYTES;
}

const PAGE_BYTES = 4096n;

/** A part of a whole in 32 bits: `50%` is 2147483648. @see systemd.resource-control(5), "ManagedOOMMemoryPressureLimit=" @throws {PropertySyntaxError} */
export function parseScale(text: string): number {
  return Number((parsePermyriad(text) * SCALE_MAX + 5000n) / 10_000n);
}

/** Ten-thousandths, 0-10000, of `50%`, `0.5%`, `5‰` or `50‱`. @throws {PropertySyntaxError} */
function parsePermyriad(text: string): bigint {
  const match = /^(\d{1,5})(?:\.(\d{1,2}))?([%‰‱])$/.exec(text);
  const decimals = { '%': 2, '‰': 1, '‱': 0 }[match?.[3] ?? '%'] ?? 0;
  const [whole = '', fraction = ''] = [match?.[1], match?.[2]];
  const value = match !== null && fraction.length <= decimals ? BigInt(whole + fraction.padEnd(decimals, '0')) : -1n;
  if (value < 0n || value > 10_000n) throw new PropertySyntaxError('expects a percentage between 0% and 100%');
  return value;
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
  if (!isWeight(text)) throw new PropertySyntaxError('expects a weight between 1 and 10000, or idle');
  return BigInt(text);
}

/** A share between 1 and 10000, or empty for systemd's default. @see systemd.resource-control(5), "IOWeight=" @throws {PropertySyntaxError} */
export function parseIoWeight(text: string): bigint {
  if (text === '') return INFINITY;
  if (!isWeight(text)) throw new PropertySyntaxError('expects a weight between 1 and 10000');
  return BigInt(text);
}

/** A whole number between `min` and `max`; a `+` before it is taken. @throws {PropertySyntaxError} */
export function parseWhole(text: string, min: number, max: number): number {
  const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new PropertySyntaxError(`expects a whole number between ${min} and ${max}`);
  }
  return value;
}

/** Tasks: a whole number above 0, or `infinity`. @see systemd.resource-control(5), "TasksMax=" @throws {PropertySyntaxError} */
export function parseCount(text: string): bigint {
  if (text === 'infinity') return INFINITY;
  if (!/^\d{1,18}$/.test(text)) throw new PropertySyntaxError('expects a whole number, or infinity');
  return BigInt(text);
}

/** Permission bits in octal, 0-7777: `0750` is 488. @see systemd.exec(5), "UMask=" @throws {PropertySyntaxError} */
export function parseMode(text: string): number {
  if (!/^[0-7]{1,5}$/.test(text) || Number.parseInt(text, 8) > 0o7777) {
    throw new PropertySyntaxError('expects permission bits in octal such as 0750');
  }
  return Number.parseInt(text, 8);
}

function isWeight(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 10_000;
}

/** Parts with units from large to small, added up; each rounded down. */
function sizeOf(text: string, base: bigint, expected: string): bigint {
  const part = /\s*(\d{1,19})(?:\.(\d{1,6}))?\s*([BKMGTPE]?)\s*/y;
  let last = -1;
  let sum = 0n;
  while (part.lastIndex < text.length) {
    const [, whole = '', fraction = '', unit = ''] = part.exec(text) ?? [];
    const position = SIZE_UNITS.indexOf(unit as (typeof SIZE_UNITS)[number]);
    if (whole === '' || position <= last) throw new PropertySyntaxError(expected);
    last = position;
    const factor = base ** BigInt(Math.max(0, 6 - position));
    sum += (BigInt(whole + fraction) * factor) / 10n ** BigInt(fraction.length);
  }
  if (last < 0 || sum >= INFINITY) throw new PropertySyntaxError(expected);
  return sum;
}
