import { parseSignature, type WireType } from './signature.ts';

/**
 * Values on their way to D-Bus, where JavaScript's types and D-Bus types meet; the way back is in body.ts.
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

/**
 * A message body as the D-Bus library wants it: variants made by `makeVariant`, byte arrays as Buffer.
 *
 * @param where what the body belongs to, for messages
 * @throws {WrongType} for any value that doesn't fit its type: 64-bit values must be bigint, all other numbers must not
 */
export function toWire(
  signature: string,
  body: readonly unknown[],
  makeVariant: (signature: string, value: unknown) => unknown,
  where: string,
): unknown[] {
  const types = parseSignature(signature);
  if (types.length !== body.length) {
    throw new WrongType(`${where}: ${types.length} arguments expected by "${signature}", ${body.length} given`);
  }
  const encode = (type: WireType, value: unknown, at: string): unknown => {
    switch (type.code) {
      case 'v': {
        if (!isTypedValue(value)) throw new WrongType(`${at}: a typed value expected, ${nameOf(value)} given`);
        const inner = parseSignature(value.signature);
        const only = inner[0];
        if (only === undefined || inner.length !== 1) {
          throw new WrongType(`${at}: "${value.signature}" is not one complete type`);
        }
        return makeVariant(value.signature, encode(only, value.value, at));
      }
      case 'a': {
        const element = type.parts[0] as WireType;
        if (element.code === 'y' && value instanceof Uint8Array) return Buffer.from(value);
        if (!Array.isArray(value)) throw new WrongType(`${at}: a list expected ("a"), ${nameOf(value)} given`);
        return value.map((item, index) => encode(element, item, `${at}[${index}]`));
      }
      case '(': {
        if (!Array.isArray(value) || value.length !== type.parts.length) {
          throw new WrongType(`${at}: a list of ${type.parts.length} expected (struct), ${nameOf(value)} given`);
        }
        return type.parts.map((part, index) => encode(part, value[index], `${at}.${index}`));
      }
      default:
        checkBasic(type.code, value, at);
        return value;
    }
  };
  return types.map((type, index) =>
    encode(type, body[index], types.length === 1 ? where : `${where} argument ${index}`),
  );
}

/** A 64-bit time in microseconds as milliseconds; undefined for 0 and for "never" (2^64-1). */
export function usecToMs(value: unknown): number | undefined {
  if (typeof value !== 'bigint' || value === 0n || value === 2n ** 64n - 1n) return undefined;
  return Number(value / 1000n);
}

function checkBasic(code: string, value: unknown, at: string): void {
  const integers = integerRanges[code];
  const longs = longRanges[code];
  if (integers !== undefined) {
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      throw new WrongType(`${at}: an integer number expected ("${code}"), ${nameOf(value)} given`);
    }
    if (value < integers[0] || value > integers[1]) throw new WrongType(`${at}: out of the range of "${code}"`);
  } else if (longs !== undefined) {
    if (typeof value !== 'bigint') throw new WrongType(`${at}: a bigint expected ("${code}"), ${nameOf(value)} given`);
    if (value < longs[0] || value > longs[1]) throw new WrongType(`${at}: out of the range of "${code}"`);
  } else if (code === 'b') {
    if (typeof value !== 'boolean') throw new WrongType(`${at}: a boolean expected, ${nameOf(value)} given`);
  } else if (code === 'd') {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new WrongType(`${at}: a finite number expected, ${nameOf(value)} given`);
    }
  } else if (code === 's' || code === 'o' || code === 'g') checkString(code, value, at);
  else throw new WrongType(`${at}: type "${code}" cannot be sent`);
}

function checkString(code: string, value: unknown, at: string): void {
  if (typeof value !== 'string') throw new WrongType(`${at}: a string expected ("${code}"), ${nameOf(value)} given`);
  if (value.includes('\0')) throw new WrongType(`${at}: a string must not hold NUL`);
  // PID 1 refuses non-characters as invalid UTF-8; a lone surrogate would arrive as U+FFFD.
  if (!value.isWellFormed() || /\p{Noncharacter_Code_Point}/u.test(value)) {
    throw new WrongType(`${at}: not valid Unicode text (a lone surrogate or a non-character)`);
  }
  if (Buffer.byteLength(value) > longestStringBytes)
    throw new WrongType(`${at}: longer than ${longestStringBytes} bytes`);
  if (code === 'o' && !/^\/(?:[A-Za-z0-9_]+(?:\/[A-Za-z0-9_]+)*)?$/.test(value)) {
    throw new WrongType(`${at}: not an object path`);
  }
}

function isTypedValue(value: unknown): value is TypedValue {
  return typeof value === 'object' && value !== null && 'signature' in value && typeof value.signature === 'string';
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return value instanceof Uint8Array ? 'bytes' : typeof value;
}
