import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStored, seal, unseal } from '../../../src/store/stored.ts';

describe('a sealed entry', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (entry) => {
        expect(unseal(seal(entry))).toEqual(JSON.parse(JSON.stringify(entry)));
      }),
    );
  });

  it('counts for nothing wherever it is cut off', () => {
    const text = seal({ name: 'alice', generation: 7 });

    for (let length = 0; length < text.length - 1; length += 1) expect(unseal(text.slice(0, length))).toBeUndefined();
  });

  it('counts for nothing once something in it is another', () => {
    expect(unseal(seal({ name: 'alice' }).replace('alice', 'alicf'))).toBeUndefined();
  });

  it.each(['null', '7', '"text"', '{}', '{"sha256":"","entry":null}'])('is not what %s is', (text) => {
    expect(unseal(text)).toBeUndefined();
  });
});

describe('a stored object', () => {
  it('says what it holds', () => {
    expect(parseStored('{"bootId":"b","pools":[]}')).toEqual({ bootId: 'b', pools: [] });
  });

  it.each(['', '{"bootId":', 'null', '7', '"text"'])('is not what %j is', (text) => {
    expect(parseStored(text)).toBeUndefined();
  });
});
