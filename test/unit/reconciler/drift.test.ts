import { describe, expect, it } from 'vitest';
import { limitsText, splitDrift } from '../../../src/reconciler/drift.ts';

const limit = (name: string, value: bigint) => ({ name, signature: 't', value });
const MEMORY = limit('MemoryMax', 100n);
const WEIGHT = limit('CPUWeight', 50n);
const names = (properties: readonly { readonly name: string }[]) => properties.map(({ name }) => name);

describe('limits that are not as the spec has them', () => {
  const inForce = limitsText([MEMORY, WEIGHT]);

  it('are set back', () => {
    const split = splitDrift([MEMORY, WEIGHT], inForce, { isCorrected: true, ignore: [] });
    expect(names(split.correct)).toEqual(['MemoryMax', 'CPUWeight']);
    expect(split.leave).toEqual([]);
  });

  it('are left where drift is not corrected, one by one or all', () => {
    expect(names(splitDrift([MEMORY, WEIGHT], inForce, { isCorrected: false, ignore: [] }).leave)).toEqual([
      'MemoryMax',
      'CPUWeight',
    ]);
    expect(names(splitDrift([MEMORY, WEIGHT], inForce, { isCorrected: true, ignore: ['CPUWeight'] }).leave)).toEqual([
      'CPUWeight',
    ]);
  });

  it('are set where the spec has a new value, whatever is left otherwise', () => {
    const wish = limit('CPUWeight', 60n);
    const split = splitDrift([MEMORY, wish], inForce, { isCorrected: false, ignore: ['CPUWeight'] });
    expect(names(split.correct)).toEqual(['CPUWeight']);
    expect(names(split.leave)).toEqual(['MemoryMax']);
  });

  it('are set where it is not known what was in force', () => {
    expect(splitDrift([MEMORY], '', { isCorrected: false, ignore: [] }).correct).toEqual([MEMORY]);
  });
});
