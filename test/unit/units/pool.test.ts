import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pool } from '../../../src/spec/pool.ts';
import { diffLive } from '../../../src/units/diff.ts';
import { unitName } from '../../../src/units/name.ts';
import {
  compilePool,
  expectedControlGroup,
  type HostFacts,
  poolOfControlGroup,
  poolProperties,
  poolSlice,
  releasedPool,
} from '../../../src/units/pool.ts';
import type { UnitProperty } from '../../../src/units/types.ts';

const infinity = 2n ** 64n - 1n;
const gibibyte = 1024 ** 3;
const host: HostFacts = { memoryBytes: 8 * gibibyte, cpuCount: 4 };

const poolName = fc.stringMatching(/^[a-z0-9_]{1,32}$/);

function values(properties: readonly UnitProperty[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(properties.map(({ name, value }) => [name, value]));
}

describe('the slice of a pool', () => {
  it('is named after it, and that of no pool holds them all', () => {
    expect(poolSlice('gpu')).toBe('hublet-gpu.slice');
    expect(poolSlice('a_1')).toBe('hublet-a_1.slice');
    expect(poolSlice(undefined)).toBe('hublet.slice');
  });

  it('is known again from the control group of each server in it, whatever that is called', () => {
    fc.assert(
      fc.property(poolName, fc.string({ minLength: 1, maxLength: 60 }), (pool, server) => {
        const inPool = `/hublet.slice/${poolSlice(pool)}/${unitName(server)}`;
        expect(expectedControlGroup('', pool, unitName(server))).toBe(inPool);
        expect(poolOfControlGroup(inPool)).toBe(pool);
        expect(poolOfControlGroup(`/user.slice/user@1.service${inPool}`)).toBe(pool);
        expect(poolOfControlGroup(`/hublet.slice/${unitName(server)}`)).toBeUndefined();
        expect(expectedControlGroup('/user.slice/user@1.service', undefined, unitName(server))).toBe(
          `/user.slice/user@1.service/hublet.slice/${unitName(server)}`,
        );
      }),
    );
  });
});

describe('limits of a pool', () => {
  it('are its sizes and cores, and parts of the host', () => {
    const exact = compilePool(
      {
        memoryMax: { kind: 'exact', amount: 2 * gibibyte },
        memoryHigh: { kind: 'exact', amount: gibibyte },
        memorySwapMaxBytes: 0,
        cpuLimit: { kind: 'exact', amount: 1.15 },
        cpuWeight: 300,
        allowedCpus: [0, 9],
        tasksMax: 100,
        ioWeight: 50,
      },
      host,
      [],
    );
    const parts = compilePool(
      { memoryMax: { kind: 'ofHost', percent: 80 }, cpuLimit: { kind: 'ofHost', percent: 80 } },
      host,
      [],
    );

    expect(values(exact)).toEqual({
      MemoryMax: 2n * BigInt(gibibyte),
      MemoryHigh: BigInt(gibibyte),
      MemoryLow: 0n,
      MemorySwapMax: 0n,
      CPUQuotaPerSecUSec: 1_150_000n,
      CPUWeight: 300n,
      AllowedCPUs: Buffer.from([1, 2]),
      TasksMax: 100n,
      IOWeight: 50n,
    });
    expect(values(parts)).toMatchObject({ MemoryMax: 6_871_947_673n, CPUQuotaPerSecUSec: 3_200_000n });
  });

  it('that are not set are none, and all are none once it is released', () => {
    const none = {
      MemoryMax: infinity,
      MemoryHigh: infinity,
      MemoryLow: 0n,
      MemorySwapMax: infinity,
      CPUQuotaPerSecUSec: infinity,
      CPUWeight: infinity,
      AllowedCPUs: Buffer.alloc(0),
      TasksMax: infinity,
      IOWeight: infinity,
    };
    expect(values(compilePool({}, host, []))).toEqual(none);
    expect(values(releasedPool())).toEqual(none);
    expect(Object.keys(none).sort()).toEqual([...poolProperties()].sort());
  });

  it('take no change where systemd has them already', () => {
    const pool: Pool = { memoryMax: { kind: 'ofHost', percent: 33.33 }, cpuLimit: { kind: 'exact', amount: 0.5 } };
    const wanted = compilePool(pool, host, [gibibyte]);
    expect(diffLive(wanted, values(wanted))).toEqual([]);
    expect(diffLive(wanted, {}).map(({ name }) => name)).toEqual(['MemoryMax', 'MemoryLow', 'CPUQuotaPerSecUSec']);
  });

  it('never come to more than the host where they are a part of it, and grow with the part', () => {
    const percent = fc.integer({ min: 100, max: 10_000 }).map((hundredths) => hundredths / 100);
    fc.assert(
      fc.property(
        percent,
        percent,
        fc.integer({ min: 2 ** 24, max: 2 ** 46 }),
        fc.integer({ min: 1, max: 8192 }),
        (a, b, memoryBytes, cpuCount) => {
          const limits = (part: number) =>
            values(
              compilePool(
                { memoryMax: { kind: 'ofHost', percent: part }, cpuLimit: { kind: 'ofHost', percent: part } },
                { memoryBytes, cpuCount },
                [],
              ),
            ) as { readonly MemoryMax: bigint; readonly CPUQuotaPerSecUSec: bigint };
          const [less, more] = [limits(Math.min(a, b)), limits(Math.max(a, b))];
          expect(less.MemoryMax).toBeLessThanOrEqual(more.MemoryMax);
          expect(more.MemoryMax).toBeLessThanOrEqual(BigInt(memoryBytes));
          expect(less.CPUQuotaPerSecUSec).toBeLessThanOrEqual(more.CPUQuotaPerSecUSec);
          expect(more.CPUQuotaPerSecUSec).toBeLessThanOrEqual(BigInt(cpuCount) * 1_000_000n);
          expect(limits(100).MemoryMax).toBe(BigInt(memoryBytes));
        },
      ),
    );
  });
});

describe('the guarantee of a pool', () => {
  it('is the sum of those of its servers, and at least its own', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), { maxLength: 50 }),
        fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
        (guarantees, own) => {
          const pool: Pool = own === undefined ? {} : { memoryLow: { kind: 'exact', amount: own } };
          const { MemoryLow: low } = values(compilePool(pool, host, guarantees)) as { readonly MemoryLow: bigint };
          const sum = guarantees.reduce((total, bytes) => total + BigInt(bytes), 0n);
          expect(low).toBe(own !== undefined && BigInt(own) > sum ? BigInt(own) : sum);
          for (const bytes of guarantees) expect(low).toBeGreaterThanOrEqual(BigInt(bytes));
        },
      ),
    );
  });
});
