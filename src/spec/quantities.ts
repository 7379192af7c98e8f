/** A quantity that a person wrote cannot be taken; the message names the text and what to write instead. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

/** Powers of 1024, largest first, as in systemd's MemoryMax= and JupyterHub's `mem_limit`. */
const SIZE_UNITS = [
  ['T', 1024n ** 4n],
  ['G', 1024n ** 3n],
  ['M', 1024n ** 2n],
  ['K', 1024n],
] as const;

const DURATION_UNITS = [
  ['d', 86_400_000n],
  ['h', 3_600_000n],
  ['m', 60_000n],
  ['s', 1000n],
  ['ms', 1n],
] as const;

/** What the texts look like, for editors; the functions below say more. */
export const SIZE_PATTERN = /^(\d{1,20})(?:\.(\d{1,12}))?(?:([KMGT])(?:i?B?)|B)?$/;
export const DURATION_PATTERN =
  /^(?=.)(?:\d{1,18}|(?:(\d{1,18})d)?(?:(\d{1,18})h)?(?:(\d{1,18})m)?(?:(\d{1,18})s)?(?:(\d{1,18})ms)?)$/;
export const CORES_PATTERN = /^(\d{1,6})(?:\.(\d{1,6})|m)?$/;
export const CPUS_PATTERN = /^\s*\d{1,5}(?:-\d{1,5})?\s*(?:,\s*\d{1,5}(?:-\d{1,5})?\s*)*$/;

/** The kernel's shortest CPU quota, 1 ms, in its longest period, 1 s, which systemd takes where it must. @see systemd.resource-control(5), "CPUQuotaPeriodSec=" */
const MIN_CORES = 0.001;
const MAX_CORES = 100_000;

/** CPU numbers the kernel can have (CONFIG_NR_CPUS is 8192 at most). */
const MAX_CPU = 8191;

/**
 * A size in whole bytes, rounded down: `512M`, `1.5G`, `2Gi`, `100KB`, `4096`, or an integer number of bytes.
 *
 * K M G T are powers of 1024, with or without `i` and `B`. Zero is a size; where it makes no sense the schema refuses it.
 * @throws {QuantityError} not a size, negative, or 2^53 bytes and more
 */
export function parseSizeBytes(value: string | number): number {
  if (typeof value === 'number') return wholeNumber(value, 'size', 'bytes');
  const match = SIZE_PATTERN.exec(value);
  if (match === null) {
    const isSmall = SIZE_PATTERN.test(value.toUpperCase());
    const example = isSmall ? value.toUpperCase() : '512M, 1.5G or a number of bytes';
    throw new QuantityError(`${quote(value)} is not a size: write ${example}`);
  }
  const [, whole = '0', fraction = '', letter] = match;
  const unit = SIZE_UNITS.find(([name]) => name === letter)?.[1] ?? 1n;
  if (fraction !== '' && unit === 1n) throw new QuantityError(`${quote(value)} is not a whole number of bytes`);
  const bytes = (BigInt(whole + fraction) * unit) / 10n ** BigInt(fraction.length);
  return withinSafeRange(bytes, value);
}

/** The shortest exact text of a size, in the largest unit that divides it: `512M`, `1536M`, `1000`. */
export function formatSize(bytes: number): string {
  const exact = BigInt(bytes);
  const unit = bytes === 0 ? undefined : SIZE_UNITS.find(([, size]) => exact % size === 0n);
  return unit === undefined ? String(bytes) : `${exact / unit[1]}${unit[0]}`;
}

/**
 * A duration in milliseconds: `500ms`, `10s`, `5m`, `1h30m`, `7d`, or an integer number of seconds.
 *
 * Units go from large to small, each once. Zero is a duration; where it makes no sense the schema refuses it.
 * @throws {QuantityError} not a duration, negative, or 2^53 milliseconds and more
 */
export function parseDurationMs(value: string | number): number {
  if (typeof value === 'number') {
    return withinSafeRange(BigInt(wholeNumber(value, 'duration', 'seconds')) * 1000n, String(value));
  }
  if (/^\d{1,18}$/.test(value)) return withinSafeRange(BigInt(value) * 1000n, value);
  const match = DURATION_PATTERN.exec(value);
  if (match === null) {
    throw new QuantityError(`${quote(value)} is not a duration: write 500ms, 10s, 5m, 1h30m or a number of seconds`);
  }
  let durationMs = 0n;
  for (const [index, [, ms]] of DURATION_UNITS.entries()) {
    const count = match[index + 1];
    if (count !== undefined) durationMs += BigInt(count) * ms;
  }
  return withinSafeRange(durationMs, value);
}

/** The exact text of a duration: `1h30m`, `500ms`, `0s`. */
export function formatDuration(durationMs: number): string {
  let rest = BigInt(durationMs);
  let text = '';
  for (const [unit, ms] of DURATION_UNITS) {
    if (rest >= ms) text += `${rest / ms}${unit}`;
    rest %= ms;
  }
  return text === '' ? '0s' : text;
}

/**
 * CPU cores: `0.5`, `2`, `500m` (thousandths), or a number. At least a thousandth, at most six decimals.
 *
 * @throws {QuantityError} not a number of cores, too small or too large
 */
export function parseCores(value: string | number): number {
  const text = String(value);
  const match = CORES_PATTERN.exec(text);
  if (match === null) throw new QuantityError(`${quote(text)} is not a number of CPU cores: write 0.5, 2 or 500m`);
  const cores = text.endsWith('m') ? Number(match[1]) / 1000 : Number(text);
  if (cores < MIN_CORES) throw new QuantityError(`${quote(text)} is less than the smallest CPU limit, 0.001 cores`);
  if (cores > MAX_CORES) throw new QuantityError(`${quote(text)} is more than ${MAX_CORES} CPU cores`);
  return cores;
}

/** Cores as a plain decimal number. */
export function formatCores(cores: number): string {
  return String(cores);
}

/**
 * CPU numbers, ascending and without duplicates, from a list such as `0-3,5` or one number.
 *
 * @throws {QuantityError} not a list, a range that runs backwards, or a number no kernel has
 * @see cpuset(7), "List format"
 */
export function parseCpus(value: string | number): number[] {
  const ranges = String(value)
    .split(',')
    .map((part): readonly [number, number] => {
      const match = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
      if (match === null) throw new QuantityError(`${quote(String(value))} is not a list of CPUs: write 0-3,5`);
      const first = Number(match[1]);
      const last = Number(match[2] ?? first);
      if (last < first) throw new QuantityError(`the range ${first}-${last} runs backwards: write ${last}-${first}`);
      if (last > MAX_CPU) throw new QuantityError(`there is no CPU ${last}: the largest number is ${MAX_CPU}`);
      return [first, last];
    })
    .sort(([a], [b]) => a - b);
  const cpus: number[] = [];
  // Each number once, however often ranges overlap.
  for (const [first, last] of ranges) {
    for (let cpu = Math.max(first, (cpus.at(-1) ?? -1) + 1); cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}

/** The shortest list of ranges, `0-3,5`. `cpus` ascends and has no duplicates. */
export function formatCpus(cpus: readonly number[]): string {
  const ranges: string[] = [];
  let first = 0;
  cpus.forEach((cpu, index) => {
    if (index === 0 || cpu !== (cpus[index - 1] ?? 0) + 1) first = cpu;
    if (cpus[index + 1] !== cpu + 1) ranges.push(first === cpu ? `${cpu}` : `${first}-${cpu}`);
  });
  return ranges.join(',');
}

function wholeNumber(value: number, noun: string, unit: string): number {
  if (!Number.isFinite(value) || value < 0) throw new QuantityError(`${value} is not a ${noun}`);
  if (value > Number.MAX_SAFE_INTEGER) throw new QuantityError(`${value} is too large`);
  if (!Number.isInteger(value)) throw new QuantityError(`${value} is not a whole number of ${unit}`);
  return value;
}

function withinSafeRange(value: bigint, text: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new QuantityError(`${quote(text)} is too large`);
  return Number(value);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
