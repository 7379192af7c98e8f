import { createRequire } from 'node:module';
import { Message, Variant } from 'dbus-next';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBody } from '../../../src/systemd/body.ts';
import { fixedHeaderBytes, readHeader, readSizes } from '../../../src/systemd/header.ts';
import { encodeCall } from '../../../src/systemd/message.ts';
import { WrongType } from '../../../src/systemd/values.ts';

/** The library's own encoder, which it doesn't export. */
const { marshallMessage } = createRequire(import.meta.url)('dbus-next/lib/marshall-compat.js') as {
  marshallMessage(message: Message): [Buffer];
};

const manager = {
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
};

function encode(signature: string, body: readonly unknown[], member = 'Call'): Buffer {
  return encodeCall({ ...manager, member, signature, body }, 7);
}

/** The arguments of a message as a reader finds them. */
function argumentsOf(message: Buffer, signature: string): readonly unknown[] {
  const [fixed, rest] = [message.subarray(0, fixedHeaderBytes), message.subarray(fixedHeaderBytes)];
  return readBody(signature, rest.subarray(readSizes(fixed).bodyOffset), true);
}

/** A type with a value of it for us, and the same for the library. */
interface Sample {
  readonly signature: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

const same = (signature: string, values: fc.Arbitrary<unknown>): fc.Arbitrary<Sample> =>
  values.map((value) => ({ signature, ours: value, theirs: value }));
const text = fc
  .string({ unit: 'binary' })
  .filter((value) => !value.includes('\0') && value.isWellFormed() && !/\p{Noncharacter_Code_Point}/u.test(value));

const { sample } = fc.letrec<{ sample: Sample; basic: Sample }>((tie) => ({
  basic: fc.oneof(
    same('y', fc.nat(255)),
    same('n', fc.integer({ min: -0x8000, max: 0x7fff })),
    same('q', fc.nat(0xffff)),
    same('i', fc.integer()),
    same('u', fc.nat(0xffff_ffff)),
    // The library refuses the least of all, -(2n ** 63n).
    same('x', fc.bigInt(-(2n ** 63n) + 1n, 2n ** 63n - 1n)),
    same('t', fc.bigInt(0n, 2n ** 64n - 1n)),
    // The library writes -0 as 0.
    same(
      'd',
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    ),
    same('b', fc.boolean()),
    same('s', text),
    same('g', fc.constantFrom('', 's', 'a{sv}', '(iay)')),
    same('o', fc.constantFrom('/', '/a/b')),
    fc.uint8Array({ maxLength: 9 }).map((bytes) => ({ signature: 'ay', ours: bytes, theirs: Buffer.from(bytes) })),
  ),
  sample: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('basic'),
    tie('sample').map(({ signature, ours, theirs }) => ({
      signature: 'v',
      ours: { signature, value: ours },
      theirs: new Variant(signature, theirs),
    })),
    fc.array(tie('sample'), { minLength: 1, maxLength: 3 }).map((parts) => ({
      signature: `(${parts.map((part) => part.signature).join('')})`,
      ours: parts.map((part) => part.ours),
      theirs: parts.map((part) => part.theirs),
    })),
    fc
      .tuple(tie('sample'), fc.nat(3))
      .filter(([{ signature }]) => signature !== 'y')
      .map(([{ signature, ours, theirs }, count]) => ({
        signature: `a${signature}`,
        ours: Array.from({ length: count }, () => ours),
        theirs: Array.from({ length: count }, () => theirs),
      })),
  ),
}));

describe('encodeCall', () => {
  it('writes any arguments as the library does', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 4 }), (samples) => {
        const signature = samples.map((one) => one.signature).join('');
        const message = new Message({ ...manager, member: 'Call', signature, body: samples.map((one) => one.theirs) });
        message.serial = 7;
        const [theirs] = marshallMessage(message);

        const ours = encode(
          signature,
          samples.map((one) => one.ours),
        );

        expect(argumentsOf(ours, signature)).toEqual(argumentsOf(theirs, signature));
        expect(ours.readUInt32LE(4)).toBe(theirs.readUInt32LE(4));
      }),
    );
  });

  it('says in its header what it is about', () => {
    const message = encode('s', ['a.service'], 'StopUnit');
    const [fixed, rest] = [message.subarray(0, fixedHeaderBytes), message.subarray(fixedHeaderBytes)];

    expect(readHeader(fixed, readSizes(fixed), rest)).toMatchObject({
      type: 1,
      path: manager.path,
      interface: manager.interface,
      member: 'StopUnit',
      signature: 's',
    });
    expect(fixed.readUInt32LE(8)).toBe(7);
    expect(message.includes(`${manager.destination}\0`)).toBe(true);
  });

  it('has room for more than it began with', () => {
    const long = 'x'.repeat(100_000);

    expect(argumentsOf(encode('ss', [long, 'end']), 'ss')).toEqual([long, 'end']);
  });

  it('writes the least and the largest number of 64 bits', () => {
    const ends = [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 64n - 1n];

    expect(argumentsOf(encode('xxt', ends), 'xxt')).toEqual(ends);
  });

  it('writes no body and no signature where there are no arguments', () => {
    const message = encode('', [], 'Subscribe');

    expect(message.readUInt32LE(4)).toBe(0);
    expect(message.length % 8).toBe(0);
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
    ['g', 's'.repeat(256)],
    ['h', 0],
  ])('refuses as "%s" what is not one: %s', (signature, value) => {
    expect(() => encode(signature, [value])).toThrow(WrongType);
  });

  it('refuses another number of arguments than the signature has', () => {
    expect(() => encode('ss', ['a'])).toThrow('Call: 2 arguments expected by "ss", 1 given');
  });

  it('says where it is wrong and never what the value was', () => {
    const secret = { signature: 'a(sasb)', value: [['/bin/a', ['hunter2', 7], false]] };

    expect(() => encode('sa(sv)', ['a', [['ExecStart', secret]]])).toThrow(
      /^ExecStart\[0\]\.1\[1\]: a string expected \("s"\), number given$/,
    );
    expect(() => encode('sas', ['a', ['b', 7]])).toThrow(/^Call argument 1\[1\]: a string expected/);
  });
});
