import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pool } from '../../../src/spec/pool.ts';
import { compilePool } from '../../../src/units/pool.ts';
import { type PoolResizeInput, planPoolResize } from '../../../src/units/poolResize.ts';
import type { UnitProperty } from '../../../src/units/types.ts';

const mebibyte = 1024 ** 2;
const host = { memoryBytes: 1024 * mebibyte, cpuCount: 2 };

const live = (properties: readonly UnitProperty[]) =>
  Object.fromEntries(properties.map(({ name, value }) => [name, value]));
const pool = (megabytes: number, more: Pool = {}): Pool => ({
  memoryMax: { kind: 'exact', amount: megabytes * mebibyte },
  ...more,
});

/** What changes from one pool to another; numbers are guarantees in MiB. */
function plan(
  from: readonly [Pool, number],
  to: readonly [Pool, number],
  more: Partial<PoolResizeInput> = {},
): { readonly apply: readonly string[]; readonly deferred: readonly string[] } {
  const compile = ([limits, guarantee]: readonly [Pool, number]) => compilePool(limits, host, [guarantee * mebibyte]);
  const { apply, deferred } = planPoolResize({
    pool: 'gpu',
    wanted: compile(to),
    live: live(compile(from)),
    workingSetBytes: 0,
    isGrowingOnly: false,
    isEveryServerKnown: true,
    ...more,
  });
  const names = (properties: readonly UnitProperty[] = []) => properties.map(({ name }) => name);
  return { apply: names(apply), deferred: names(deferred?.properties) };
}

describe('a pool that changes', () => {
  it('grows at once and shrinks as far as it leaves room', () => {
    const used = { workingSetBytes: 100 * mebibyte };
    expect(plan([pool(200), 0], [pool(400), 0], used).apply).toEqual(['MemoryMax']);
    expect(plan([pool(400), 0], [pool(106), 0], used).apply).toEqual(['MemoryMax']);
    expect(plan([pool(400), 0], [pool(104, { tasksMax: 5 }), 0], used)).toEqual({
      apply: ['TasksMax'],
      deferred: ['MemoryMax'],
    });
    expect(plan([pool(400), 0], [pool(300), 0], { workingSetBytes: undefined }).deferred).toEqual(['MemoryMax']);
  });

  it('follows the guarantees of its servers, whatever waits', () => {
    const used = { workingSetBytes: 300 * mebibyte };
    expect(plan([pool(400), 10], [pool(200), 20], used)).toEqual({ apply: ['MemoryLow'], deferred: ['MemoryMax'] });
    expect(plan([pool(400), 20], [pool(200), 10], used)).toEqual({ apply: ['MemoryLow'], deferred: ['MemoryMax'] });
  });

  it('keeps guarantees that servers may have that are not known yet', () => {
    const early = { isEveryServerKnown: false };
    expect(plan([pool(400), 20], [pool(400), 0], early).apply).toEqual([]);
    expect(plan([pool(400), 20], [pool(400), 30], early).apply).toEqual(['MemoryLow']);
  });

  it('only grows where that is asked', () => {
    const growing = { isGrowingOnly: true };
    expect(plan([pool(400), 20], [pool(300, { cpuWeight: 5 }), 10], growing).apply).toEqual([]);
    expect(plan([pool(300, { tasksMax: 9 }), 20], [pool(400), 30], growing).apply).toEqual([
      'MemoryLow',
      'MemoryMax',
      'TasksMax',
    ]);
  });

  it('is as wished once everything that it is to get was set, and never squeezed below what is used', () => {
    const size = fc.integer({ min: 16, max: 2000 });
    const limits = fc.record(
      {
        memoryMax: size,
        memoryHigh: size,
        tasksMax: fc.integer({ min: 1, max: 99 }),
        cpuWeight: fc.integer({ min: 1, max: 10_000 }),
      },
      { requiredKeys: [] },
    );
    const toPool = ({ memoryMax, memoryHigh, ...rest }: { memoryMax?: number; memoryHigh?: number }): Pool => ({
      ...rest,
      ...(memoryMax === undefined ? {} : { memoryMax: { kind: 'exact', amount: memoryMax * mebibyte } }),
      ...(memoryHigh === undefined ? {} : { memoryHigh: { kind: 'exact', amount: memoryHigh * mebibyte } }),
    });
    fc.assert(
      fc.property(limits, limits, size, size, (from, to, guarantee, usedMegabytes) => {
        const workingSetBytes = usedMegabytes * mebibyte;
        const present = { ...live(compilePool(toPool(from), host, [])) };
        const input = {
          pool: 'gpu',
          wanted: compilePool(toPool(to), host, [guarantee]),
          isGrowingOnly: false,
          isEveryServerKnown: true,
        };
        const first = planPoolResize({ ...input, live: present, workingSetBytes });
        for (const { name, value } of first.apply) {
          const isSqueeze = ['MemoryMax', 'MemoryHigh'].includes(name) && (value as bigint) < (present[name] as bigint);
          if (isSqueeze) expect(Number(value)).toBeGreaterThanOrEqual(workingSetBytes * 1.05 - 1);
        }
        const after = { ...present, ...live(first.apply) };
        const second = planPoolResize({ ...input, live: after, workingSetBytes });
        expect(second.apply).toEqual([]);
        expect(second.deferred?.message).toBe(first.deferred?.message);
        // With room for all nothing waits.
        const third = planPoolResize({ ...input, live: after, workingSetBytes: 0 });
        expect(third.deferred).toBeUndefined();
        expect(planPoolResize({ ...input, live: { ...after, ...live(third.apply) }, workingSetBytes }).apply).toEqual(
          [],
        );
      }),
    );
  });
});
