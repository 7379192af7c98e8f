import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nssKey } from '../../../src/accounts/key.ts';

test.each([
  ['alice', { kind: 'name', name: 'alice' }],
  ['alice@example.org', { kind: 'name', name: 'alice@example.org' }],
  ['EXAMPLE\\alice smith', { kind: 'name', name: 'EXAMPLE\\alice smith' }],
  ['0', { kind: 'id', id: 0 }],
  ['1000', { kind: 'id', id: 1000 }],
])('%j is asked for', (text, key) => {
  expect(nssKey(text)).toEqual(key);
});

// getent takes numbers with strtoul and cuts them to 32 bits: 4294967296 would be answered with root.
test.each(['', '-1', '--service=x', '+5', ' 5', '5 ', '007', '4294967295', '4294967296', 'a:b', 'a\nb', 'a\0b'])(
  '%j is no account and is not asked for',
  (text) => {
    expect(nssKey(text)).toEqual({ kind: 'impossible' });
  },
);

test('no text that is asked for is an option or more than one line', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      if (nssKey(text).kind !== 'impossible') expect(text).toMatch(/^[^-+:\n\0][^:\n\0]*$/);
    }),
  );
});
