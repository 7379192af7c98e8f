import { describe, expect, it } from 'vitest';
import { limitsText, splitDrift } from '../../../src/reconciler/drift.ts';

const limit = (name: string, value: bigint) => ({ name, signature: 't', value });
const MEMORY = limit('MemoryMax', 100n);
const WEIGHT = limit('CPUWeight', 50n);
const names = (properties: readonly { readonly name: string }[]) => properties.map(({ name }) => name);

describe('limits that are not as the spec has them', () => {
  const inForce = limitsText([MEMORY, WEIGHT]);
  const nobody = new Map();
  const correcting = { isCorrected: true, ignore: [] };

  it('are set back', () => {
    const split = splitDrift([MEMORY, WEIGHT], inForce, correcting, nobody);
    expect(names(split.drift)).toEqual(['MemoryMax', 'CPUWeight']);
    expect(split.leave).toEqual([]);
  });

  it('are left where drift is not corrected, one by one or all', () => {
    const none = splitDrift([MEMORY, WEIGHT], inForce, { isCorrected: false, ignore: [] }, nobody);
    expect(names(none.leave)).toEqual(['MemoryMax', 'CPUWeight']);
    const some = splitDrift([MEMORY, WEIGHT], inForce, { isCorrected: true, ignore: ['CPUWeight'] }, nobody);
    expect(names(some.leave)).toEqual(['CPUWeight']);
    expect(names(some.drift)).toEqual(['MemoryMax']);
  });

  it('are set where the spec has a new value, whatever is left otherwise', () => {
    const wish = limit('CPUWeight', 60n);
    const split = splitDrift([MEMORY, wish], inForce, { isCorrected: false, ignore: ['CPUWeight'] }, nobody);
    expect(names(split.wishes)).toEqual(['CPUWeight']);
    expect(names(split.leave)).toEqual(['MemoryMax']);
  });

  it('are set where it is not known what was in force', () => {
    expect(splitDrift([MEMORY], '', { isCorrected: false, ignore: [] }, nobody).wishes).toEqual([MEMORY]);
  });

  it('are left where a drop-in sets them, whatever the spec says meanwhile', () => {
    const dropIns = new Map([['MemoryMax', '/etc/systemd/system/x.service.d/override.conf']]);
    expect(names(splitDrift([MEMORY, WEIGHT], inForce, correcting, dropIns).leave)).toEqual(['MemoryMax']);
    expect(splitDrift([MEMORY], '', correcting, dropIns).wishes).toEqual([]);
  });
});
