import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressProblem, parseAddressRanges } from '../../../src/spec/addresses.ts';

const hex = (text: string) =>
  parseAddressRanges(text)?.map(({ bytes, prefixLength }) => `${Buffer.from(bytes).toString('hex')}/${prefixLength}`);

describe('a range of addresses', () => {
  it.each([
    ['any', ['00000000/0', `${'0'.repeat(32)}/0`]],
    ['localhost', ['7f000000/8', `${'0'.repeat(31)}1/128`]],
    ['link-local', ['a9fe0000/16', `fe80${'0'.repeat(28)}/64`]],
    ['multicast', ['e0000000/4', `ff${'0'.repeat(30)}/8`]],
    ['192.0.2.1', ['c0000201/32']],
    ['10.1.2.3/9', ['0a000000/9']],
    ['::', [`${'0'.repeat(32)}/128`]],
    ['2001:db8::1:0:0:7/33', ['20010db8000000000000000000000000/33']],
    ['1:2:3:4:5:6:7::', ['00010002000300040005000600070000/128']],
    ['::ffff:192.0.2.1', ['00000000000000000000ffffc0000201/128']],
    ['64:ff9b::192.0.2.33/96', ['0064ff9b000000000000000000000000/96']],
  ])('%s', (text, ranges) => {
    expect(hex(text)).toEqual(ranges);
  });

  it.each(['', 'all', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4/33', '1.2.3.4/', '1.2.3.4/08', '::/129'])(
    'is not %j',
    (text) => {
      expect(parseAddressRanges(text)).toBeUndefined();
      expect(addressProblem(text)).toMatch(/^is not an address/);
    },
  );

  it.each([
    '1::2::3',
    ':1',
    '1:',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7',
    '::1.2.3',
    '1.2.3.4::',
    'fe80::1%eth0',
    '12345::',
  ])('is not %j either', (text) => {
    expect(parseAddressRanges(text)).toBeUndefined();
  });

  it('is what Node takes for an address, and every address that it writes', () => {
    const almost = fc.stringMatching(/^[0-9a-f:.]{0,24}$/);
    fc.assert(
      fc.property(fc.oneof(almost, fc.ipV4(), fc.ipV6()), (text) => {
        expect(parseAddressRanges(text) !== undefined).toBe(isIPv4(text) || isIPv6(text));
      }),
      { numRuns: 3000 },
    );
  });
});
