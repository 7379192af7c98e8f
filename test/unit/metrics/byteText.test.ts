import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteText } from '../../../src/metrics/byteText.ts';

test('has the bytes of all that was added, however long and in whatever script', () => {
  const pieces = fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.constantFrom(1, 1000, 70_000)));
  fc.assert(
    fc.property(pieces, (added) => {
      const text = new ByteText(10);
      const whole = added.map(([piece, times]) => piece.repeat(times));
      for (const piece of whole) text.add(piece);
      return text.bytes().equals(Buffer.from(whole.join('')));
    }),
    { numRuns: 50 },
  );
});

test('grows where it becomes longer than expected, and is empty where nothing was added', () => {
  const text = new ByteText(100_000);
  expect(text.bytes()).toHaveLength(0);
  text.add('é'.repeat(60_000));
  expect(text.bytes().toString()).toBe('é'.repeat(60_000));
});
