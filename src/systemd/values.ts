/**
 * Where JavaScript's types and D-Bus types meet: message.ts writes them, body.ts reads them.
 *
 * Everything is checked before it is sent: systemd answers a wrong type with a bare ENXIO that names no property,
 * and a string that isn't valid (or is huge) makes dbus-daemon drop the whole connection.
 */

/** A value of D-Bus type `v`, in either direction of a call. */
export interface TypedValue {
  readonly signature: string;
  readonly value: unknown;
}

/** A value that can't be sent as the type it is meant for. Its message tells the type and place, never the value. */
export class WrongType extends Error {
  override readonly name = 'WrongType';
}

/** dbus-daemon takes 32 MiB a message on the system bus; a string longer than this one is never meant. */
const longestStringBytes = 1024 * 1024;
const longestSignatureBytes = 255;

const integerRanges: Readonly<Record<string, readonly [number, number]>> = {
  y: [0, 0xff],
  n: [-0x8000, 0x7fff],
  q: [0, 0xffff],
  i: [-0x8000_0000, 0x7fff_ffff],
  u: [0, 0xffff_ffff],
};

const longRanges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  x: [-(2n ** 63n), 2n ** 63n - 1n],
  t: [0n, 2n ** 64n - 1n],
};

/** A 64-bit time in microseconds as milliseconds; undefined for 0 and for "never" (2^64-1). */
export function usecToMs(value: unknown): number | undefined {
  if (typeof value !== 'bigint' || value === 0n || value === 2n ** 64n - 1n) return undefined;
  return Number(value / 1000n);
}

/** Why a value is none of a basic type, its bytes in UTF-8 counted already where it is a text; undefined: it is one. */
export function problemOf(code: string, value: unknown, byteLength = 0): string | undefined {
  const integers = integerRanges[code];
  if (integers !== undefined) {
    if (typeof value !== 'number' || !Number.isInteger(value))
      return `an integer number expected ("${code}"), ${nameOf(value)} given`;
    return value < integers[0] || value > integers[1] ? `out of the range of "${code}"` : undefined;
  }
  const longs = longRanges[code];
  if (longs !== undefined) {
    if (typeof value !== 'bigint') return `a bigint expected ("${code}"), ${nameOf(value)} given`;
    return value < longs[0] || value > longs[1] ? `out of the range of "${code}"` : undefined;
  }
  switch (code) {
    case 'b':
      return typeof value === 'boolean' ? undefined : `a boolean expected, ${nameOf(value)} given`;
    case 'd':
      return typeof value === 'number' && Number.isFinite(value)
        ? undefined
        : `a finite number expected, ${nameOf(value)} given`;
    case 's':
    case 'o':
    case 'g':
      return typeof value === 'string'
        ? textProblemOf(code, value, byteLength)
        : `a string expected ("${code}"), ${nameOf(value)} given`;
    default:
      return `type "${code}" cannot be sent`;
  }
}

function textProblemOf(code: string, value: string, byteLength: number): string | undefined {
  if (value.includes('\0')) return 'a string must not hold NUL';
  const isAscii = byteLength === value.length;
  // PID 1 refuses non-characters as invalid UTF-8; a lone surrogate would arrive as U+FFFD.
  if (!isAscii && (!value.isWellFormed() || /\p{Noncharacter_Code_Point}/u.test(value)))
    return 'not valid Unicode text (a lone surrogate or a non-character)';
  if (byteLength > longestStringBytes) return `longer than ${longestStringBytes} bytes`;
  if (code === 'g' && byteLength > longestSignatureBytes) return `longer than ${longestSignatureBytes} bytes`;
  if (code === 'o' && !/^\/(?:[A-Za-z0-9_]+(?:\/[A-Za-z0-9_]+)*)?$/.test(value)) return 'not an object path';
  return undefined;
}

export function isTypedValue(value: unknown): value is TypedValue {
  return typeof value === 'object' && value !== null && 'signature' in value && typeof value.signature === 'string';
}

/** What a value is, for messages that must not say the value. */
export function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return value instanceof Uint8Array ? 'bytes' : typeof value;
}
