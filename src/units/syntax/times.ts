import { INFINITY } from './amounts.ts';
import { PropertySyntaxError } from './error.ts';

const MINUTE = 60_000_000n;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;

/** Microseconds; a month is a twelfth of a year, a year 365.25 days. */
const UNITS: readonly (readonly [names: readonly string[], usec: bigint])[] = [
  [['us', 'usec', 'µs', 'μs'], 1n],
  [['ms', 'msec'], 1000n],
  [['s', 'sec', 'second', 'seconds'], 1_000_000n],
  [['m', 'min', 'minute', 'minutes'], MINUTE],
  [['h', 'hr', 'hour', 'hours'], HOUR],
  [['d', 'day', 'days'], DAY],
  [['w', 'week', 'weeks'], 7n * DAY],
  [['M', 'month', 'months'], (DAY * 36_525n) / 1200n],
  [['y', 'year', 'years'], (DAY * 36_525n) / 100n],
];

const NSEC_PER_NAME: ReadonlyMap<string, bigint> = new Map(
  UNITS.flatMap(([names, usec]) => names.map((name) => [name, usec * 1000n] as const)),
);
const NANOSECOND_NAMES: readonly string[] = ['ns', 'nsec', 'nanosecond', 'nanoseconds'];

/**
 * A time span in microseconds: `30`, `1min 30s`, `1.5h`, `500ms`, `2 weeks`, `infinity`.
 *
 * @param unitUsec what a number without a unit counts; seconds unless told
 * @see systemd.time(7), "Parsing time spans"
 * @throws {PropertySyntaxError}
 */
export function parseTimespan(text: string, unitUsec = 1_000_000n): bigint {
  const nsec = spanOf(text, unitUsec * 1000n, false);
  return nsec === undefined ? INFINITY : finite(nsec / 1000n);
}

/** A time span in nanoseconds, a number without a unit counting those: `50us`, `50000`. @see systemd.exec(5), "TimerSlackNSec=" @throws {PropertySyntaxError} */
export function parseNanoseconds(text: string): bigint {
  const nsec = spanOf(text, 1n, true);
  return nsec === undefined ? INFINITY : finite(nsec);
}

/** Undefined: without end. */
function spanOf(text: string, plainNsec: bigint, takesNanoseconds: boolean): bigint | undefined {
  const trimmed = text.trim();
  if (trimmed === 'infinity') return undefined;
  const part = /(\d{1,18}|(?=\.\d))(?:\.(\d{1,9}))?\s*([A-Za-zµμ]*)\s*/uy;
  let nsec = 0n;
  while (part.lastIndex < trimmed.length) {
    const [, whole, fraction = '', unit = ''] = part.exec(trimmed) ?? [];
    const isNanoseconds = takesNanoseconds && NANOSECOND_NAMES.includes(unit);
    const factor = unit === '' ? plainNsec : isNanoseconds ? 1n : NSEC_PER_NAME.get(unit);
    if (whole === undefined || factor === undefined) throw unexpected();
    nsec += (BigInt(whole + fraction) * factor) / 10n ** BigInt(fraction.length);
  }
  if (trimmed === '') throw unexpected();
  return nsec;
}

function finite(span: bigint): bigint {
  if (span >= INFINITY) throw unexpected();
  return span;
}

function unexpected(): PropertySyntaxError {
  return new PropertySyntaxError('expects a time span such as 1min 30s or 500ms, or infinity');
}
