import { describe, expect, it } from 'vitest';
import { parseSignature } from '../../../src/systemd/signature.ts';
import { usecToMs } from '../../../src/systemd/values.ts';

describe('parseSignature', () => {
  it('takes a signature apart', () => {
    expect(parseSignature('ssa(sv)').map((type) => type.code)).toEqual(['s', 's', 'a']);
    expect(parseSignature('a(sasb)')[0]?.parts[0]?.parts.map((type) => type.code)).toEqual(['s', 'a', 'b']);
    expect(parseSignature('')).toEqual([]);
  });

  it.each(['a', '(', '(s', 's)', '()', 'z', 'a(s'])('refuses %s', (signature) => {
    expect(() => parseSignature(signature)).toThrow(SyntaxError);
  });
});

describe('usecToMs', () => {
  it('knows no time in 0, in "never" and in what is no 64-bit value', () => {
    expect([usecToMs(0n), usecToMs(2n ** 64n - 1n), usecToMs(5)]).toEqual([undefined, undefined, undefined]);
    expect(usecToMs(1_700_000_000_123_456n)).toBe(1_700_000_000_123);
  });
});
