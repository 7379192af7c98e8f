/** One complete D-Bus type: its code (`(` for a struct, `{` for a dict entry, `a` for an array) and what it is made of. */
export interface WireType {
  readonly code: string;
  readonly parts: readonly WireType[];
}

const basicCodes = 'ybnqiuxtdsogvh';

/**
 * The complete types of a signature, in order; none for the empty one.
 *
 * @throws {SyntaxError} where it is not a D-Bus signature
 * @see D-Bus Specification, "Type System"
 */
export function parseSignature(signature: string): readonly WireType[] {
  let at = 0;
  const fail = (): never => {
    throw new SyntaxError(`"${signature}" is not a D-Bus signature (at character ${at})`);
  };
  const until = (end: string): readonly WireType[] => {
    const parts: WireType[] = [];
    while (signature[at] !== end) parts.push(one());
    at += 1;
    return parts.length === 0 ? fail() : parts;
  };
  const one = (): WireType => {
    const code = signature[at];
    if (code === undefined) return fail();
    at += 1;
    if (basicCodes.includes(code)) return { code, parts: [] };
    if (code === '(') return { code, parts: until(')') };
    if (code === '{') return { code, parts: until('}') };
    return code === 'a' ? { code, parts: [one()] } : fail();
  };
  const types: WireType[] = [];
  while (at < signature.length) types.push(one());
  return types;
}

const known = new Map<string, readonly WireType[]>();
/** systemd has a few dozen; more than this many would be somebody's who makes them up. */
const MOST_KNOWN = 500;

/** As `parseSignature`, which is asked once only for those that come again and again. @throws {SyntaxError} */
export function typesOf(signature: string): readonly WireType[] {
  const types = known.get(signature) ?? parseSignature(signature);
  if (known.size < MOST_KNOWN) known.set(signature, types);
  return types;
}

/** What the position of a type's values in a message is a multiple of. Absent: 1. */
export const ALIGNMENT: Readonly<Record<string, number>> = {
  n: 2,
  q: 2,
  b: 4,
  i: 4,
  u: 4,
  h: 4,
  s: 4,
  o: 4,
  a: 4,
  x: 8,
  t: 8,
  d: 8,
  '(': 8,
  '{': 8,
};

/** Of types whose values all have the same size. */
export const SIZE: Readonly<Record<string, number>> = { y: 1, n: 2, q: 2, b: 4, i: 4, u: 4, h: 4, x: 8, t: 8, d: 8 };
