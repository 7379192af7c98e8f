import { createRequire } from 'node:module';
import { Message, Variant } from 'dbus-next';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PropertyNames, readBody } from '../../../src/systemd/body.ts';
import { fixedHeaderBytes, readSizes } from '../../../src/systemd/header.ts';

/** The library's own encoder, which it doesn't export. */
const { marshallMessage } = createRequire(import.meta.url)('dbus-next/lib/marshall-compat.js') as {
  marshallMessage(message: Message): [Buffer];
};

/** A type with a value of it as the library takes it, and as it should be read. */
interface Sample {
  readonly signature: string;
  readonly sent: unknown;
  readonly read: unknown;
}

const same = (signature: string, values: fc.Arbitrary<unknown>): fc.Arbitrary<Sample> =>
  values.map((value) => ({ signature, sent: value, read: value }));
const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && value.isWellFormed());

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
    fc.uint8Array({ maxLength: 9 }).map((bytes) => ({ signature: 'ay', sent: Buffer.from(bytes), read: bytes })),
  ),
  sample: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('basic'),
    tie('sample').map(({ signature, sent, read }) => ({
      signature: 'v',
      sent: new Variant(signature, sent),
      read,
    })),
    fc.array(tie('sample'), { minLength: 1, maxLength: 3 }).map((parts) => ({
      signature: `(${parts.map((part) => part.signature).join('')})`,
      sent: parts.map((part) => part.sent),
      read: parts.map((part) => part.read),
    })),
    fc
      .tuple(tie('sample'), fc.nat(3))
      .filter(([{ signature }]) => signature !== 'y')
      .map(([{ signature, sent, read }, count]) => ({
        signature: `a${signature}`,
        sent: Array.from({ length: count }, () => sent),
        read: Array.from({ length: count }, () => read),
      })),
    fc
      .tuple(tie('sample'), fc.uniqueArray(fc.constantFrom('a', 'bc', 'Name')))
      .map(([{ signature, sent, read }, keys]) => ({
        signature: `a{s${signature}}`,
        sent: Object.fromEntries(keys.map((key) => [key, sent])),
        read: Object.fromEntries(keys.map((key) => [key, read])),
      })),
  ),
}));

describe('readBody', () => {
  it('reads whatever the library writes', () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 4 }), (samples) => {
        const signature = samples.map((one) => one.signature).join('');
        const sent = samples.map((one) => one.sent);

        expect(readBody(signature, body(signature, sent), true)).toEqual(samples.map((one) => one.read));
      }),
      { numRuns: 500 },
    );
  });

  it('passes over properties that nobody asks for, whatever their types, and reads what follows', () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 6 }), sample, (others, last) => {
        const properties = Object.fromEntries([
          ...others.map((one, index) => [`Other${index}`, new Variant(one.signature, one.sent)]),
          ['Wanted', new Variant('t', 5n)],
          ...others.map((one, index) => [`More${index}`, new Variant(one.signature, one.sent)]),
        ]);
        const bytes = body(`sa{sv}${last.signature}`, ['x', properties, last.sent]);

        const names = new PropertyNames(['Wanted', 'Wantee', 'Absent']);
        expect(readBody(`sa{sv}${last.signature}`, bytes, true, names)).toEqual([
          'x',
          { Wanted: 5n },
          expectedOf(last),
        ]);
      }),
    );
  });

  it('copies byte arrays: the message they came in is overwritten by the next', () => {
    const bytes = body('ay', [Buffer.from([1, 2])]);
    const [read] = readBody('ay', bytes, true);
    bytes.fill(0);

    expect(read).toEqual(Uint8Array.from([1, 2]));
  });

  it('reads the other byte order', () => {
    const bytes = Buffer.from([0, 0, 0, 2, 0x68, 0x69, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);

    expect(readBody('st', bytes, false)).toEqual(['hi', 0x0102030405060708n]);
  });

  it('throws, rather than run on, where the bytes are not what the signature says', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom('s', 'as', 'a{sv}', 'v', 'aay', 'a(sv)'),
        (bytes, signature) => {
          try {
            readBody(signature, Buffer.from(bytes), true, new PropertyNames(['a']));
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        },
      ),
    );
    expect(() => readBody('s', Buffer.from([255, 0, 0, 0, 1]), true)).toThrow(RangeError);
  });
});

/** Properties in `a{sv}` of the last argument are filtered too. */
function expectedOf({ signature, read }: Sample): unknown {
  return signature === 'a{sv}' ? {} : read;
}

function body(signature: string, values: unknown[]): Buffer {
  const message = Message.newSignal('/a', 'org.example.A', 'Changed', signature, values);
  message.serial = 7;
  const whole = marshallMessage(message)[0];
  const fixed = whole.subarray(0, fixedHeaderBytes);
  return whole.subarray(fixedHeaderBytes + readSizes(fixed).bodyOffset);
}
