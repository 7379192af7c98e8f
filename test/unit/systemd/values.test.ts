import { Variant } from 'dbus-next';
import { describe, expect, it } from 'vitest';
import { parseSignature } from '../../../src/systemd/signature.ts';
import { toWire, usecToMs, WrongType } from '../../../src/systemd/values.ts';

const variant = (signature: string, value: unknown): unknown => new Variant(signature, value);

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

describe('toWire', () => {
  it('makes variants of typed values and Buffers of byte arrays, and leaves the rest', () => {
    const body = ['u', [['MemoryMax', { signature: 't', value: 5n }]], [new Uint8Array([1, 2])]];

    expect(toWire('sa(sv)aay', body, variant, 'call')).toEqual([
      'u',
      [['MemoryMax', new Variant('t', 5n)]],
      [Buffer.from([1, 2])],
    ]);
  });

  it.each<[string, unknown]>([
    ['t', 1],
    ['t', 2n ** 64n],
    ['x', -(2n ** 63n) - 1n],
    ['u', 1n],
    ['u', 1.5],
    ['u', -1],
    ['u', Number.NaN],
    ['y', 256],
    ['i', 2 ** 31],
    ['b', 1],
    ['b', 'true'],
    ['d', Number.POSITIVE_INFINITY],
    ['s', null],
    ['s', 5],
    ['s', 'a\0'],
    ['s', '\udc00'],
    ['s', '\ufffe'],
    ['s', '\ufdd0'],
    ['o', 'not/a/path'],
    ['o', '/a//b'],
    ['as', 'a'],
    ['as', ['a', 1]],
    ['ay', 'bytes'],
    ['(ss)', ['a']],
    ['(ss)', 'ab'],
    ['v', 'a'],
    ['v', { signature: 'ss', value: 'a' }],
    ['h', 0],
  ])('refuses as "%s" what is not one: %s', (signature, value) => {
    expect(() => toWire(signature, [value], variant, 'x')).toThrow(WrongType);
  });

  it('refuses another number of arguments than the signature has', () => {
    expect(() => toWire('ss', ['a'], variant, 'call')).toThrow('call: 2 arguments expected by "ss", 1 given');
  });

  it('says where it is wrong and never what the value was', () => {
    const secret = [['/bin/a', ['hunter2', 7], false]];

    expect(() => toWire('a(sasb)', [secret], variant, 'ExecStart')).toThrow(
      /^ExecStart\[0\]\.1\[1\]: a string expected \("s"\), number given$/,
    );
  });
});

describe('usecToMs', () => {
  it('knows no time in 0, in "never" and in what is no 64-bit value', () => {
    expect([usecToMs(0n), usecToMs(2n ** 64n - 1n), usecToMs(5)]).toEqual([undefined, undefined, undefined]);
    expect(usecToMs(1_700_000_000_123_456n)).toBe(1_700_000_000_123);
  });
});
