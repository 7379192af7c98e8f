import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planResize } from '../../../src/units/resize.ts';
import type { UnitProperty } from '../../../src/units/types.ts';

const INFINITY = 2n ** 64n - 1n;
const MIB = 2n ** 20n;

const limit = (name: string, value: bigint): UnitProperty => ({ name, signature: 't', value });

describe('a resize', () => {
  it('grows at once, even below what is used', () => {
    const differences = [limit('MemoryMax', 100n * MIB)];

    expect(planResize(differences, { MemoryMax: 90n * MIB }, Number(98n * MIB))).toEqual({
      apply: differences,
      deferred: undefined,
    });
  });

  it('shrinks down to 1.05 times the working set and not further', () => {
    const live = { MemoryMax: INFINITY };
    const deferred = (bytes: bigint) => planResize([limit('MemoryMax', bytes)], live, 100_000_000).deferred;

    expect(deferred(105_000_000n)).toBeUndefined();
    expect(deferred(104_999_999n)).toBeDefined();
  });

  it('keeps all memory limits together while one must wait; CPU and tasks go on', () => {
    const memory = [limit('MemoryMax', 300n * MIB), limit('MemoryHigh', 50n * MIB), limit('MemorySwapMax', 0n)];
    const others = [limit('CPUQuotaPerSecUSec', 500_000n), limit('TasksMax', 5n)];
    const accounting: UnitProperty = { name: 'MemoryAccounting', signature: 'b', value: true };

    const plan = planResize([...memory, ...others, accounting], {}, Number(100n * MIB));

    expect(plan.apply).toEqual([...others, accounting]);
    expect(plan.deferred?.properties).toEqual(memory);
    expect(plan.deferred?.message).toBe(
      'MemoryHigh 50M waits: the server uses 100M, and a limit below that and 5% more would stop it',
    );
  });

  it('lets nothing shrink while the working set is not known, and everything grow', () => {
    const live = { MemoryMax: 100n * MIB };

    expect(planResize([limit('MemoryMax', 90n * MIB)], live, undefined).deferred).toBeDefined();
    expect(planResize([limit('MemoryMax', 110n * MIB)], live, undefined).deferred).toBeUndefined();
    expect(planResize([limit('MemorySwapMax', 0n)], live, undefined).deferred).toBeUndefined();
  });

  it('never sets MemoryMax or MemoryHigh lower than they are and than the working set', () => {
    const bytes = fc.bigInt({ min: 1n, max: 2n ** 40n });
    const name = fc.constantFrom('MemoryMax', 'MemoryHigh');
    fc.assert(
      fc.property(name, bytes, fc.option(bytes, { nil: INFINITY }), fc.nat(), (property, wanted, live, used) => {
        const { apply } = planResize([limit(property, wanted)], { [property]: live }, used);
        expect(apply.length === 0 || wanted >= live || wanted > BigInt(used)).toBe(true);
      }),
    );
  });
});
