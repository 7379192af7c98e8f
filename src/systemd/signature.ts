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
