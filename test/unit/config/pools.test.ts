import { describe, expect, it } from 'vitest';
import { defaultPoolProblem, poolsSchema, resolveDefaultPool, resolvePools } from '../../../src/config/pools.ts';

/** Messages of the schema, with the path of the field. */
function problems(pools: unknown): readonly string[] {
  const result = poolsSchema.safeParse(pools);
  return (result.error?.issues ?? []).flatMap((issue) =>
    issue.code === 'invalid_key'
      ? issue.issues.map(({ message }) => `${issue.path.join('.')}: ${message}`)
      : [`${issue.path.join('.')}: ${issue.message}`],
  );
}

describe('a pool', () => {
  it('takes sizes, cores and percentages of the host', () => {
    const pools = resolvePools(
      poolsSchema.parse({
        default: { memory: { limit: '80%', high: '72.5%', guarantee: '1G', swap: 0 }, cpu: { limit: '80%' } },
        gpu: { memory: { limit: '1.5G' }, cpu: { limit: '500m', weight: 300, cpus: '0-1' }, tasks: 100 },
        free: {},
      }),
    );

    expect(pools.get('default')).toEqual({
      memoryMax: { kind: 'ofHost', percent: 80 },
      memoryHigh: { kind: 'ofHost', percent: 72.5 },
      memoryLow: { kind: 'exact', amount: 1024 ** 3 },
      memorySwapMaxBytes: 0,
      cpuLimit: { kind: 'ofHost', percent: 80 },
    });
    expect(pools.get('gpu')).toEqual({
      memoryMax: { kind: 'exact', amount: 1.5 * 1024 ** 3 },
      cpuLimit: { kind: 'exact', amount: 0.5 },
      cpuWeight: 300,
      allowedCpus: [0, 1],
      tasksMax: 100,
    });
    expect(pools.get('free')).toEqual({});
  });

  it.each(['0%', '0.5%', '101%', '1000%', '-5%', '80 %', '80.123%', '%'])('refuses %s of the host', (limit) => {
    expect(problems({ gpu: { memory: { limit } } })).toEqual([
      `gpu.memory.limit: ${JSON.stringify(limit)} is not a part of the host: write 1% to 100%`,
    ]);
    expect(problems({ gpu: { cpu: { limit } } })).toHaveLength(1);
  });

  it('refuses limits with which nothing would start, or that contradict each other', () => {
    expect(problems({ gpu: { memory: { limit: '15M' } } })).toEqual([
      'gpu.memory.limit: must be at least 16M: with less nothing starts',
    ]);
    expect(problems({ gpu: { memory: { guarantee: 0 } } })).toEqual(['gpu.memory.guarantee: must be more than zero']);
    expect(problems({ gpu: { memory: { limit: '1G', high: '2G' } } })).toEqual([
      'gpu.memory.high: must not be more than the limit, 1G',
    ]);
    expect(problems({ gpu: { memory: { limit: '50%', guarantee: '51%' } } })).toEqual([
      'gpu.memory.guarantee: must not be more than the limit, 50%',
    ]);
    // What is more can be told only on the host.
    expect(problems({ gpu: { memory: { limit: '50%', high: '2G' } } })).toEqual([]);
  });

  it.each(['', 'GPU', 'a-b', 'a.b', 'ü', 'a'.repeat(33), '../x'])('can not be called %j', (name) => {
    expect(problems({ [name]: {} })).toEqual([
      `${name}: must be 1 to 32 of a-z, 0-9 and _ to name a pool (no capitals, no hyphens)`,
    ]);
  });
});

describe('the default pool', () => {
  const pools = resolvePools({ gpu: {}, default: {} });

  it('is the one that is named, else the one called default, else none', () => {
    expect(resolveDefaultPool('gpu', pools)).toBe('gpu');
    expect(resolveDefaultPool(undefined, pools)).toBe('default');
    expect(resolveDefaultPool(undefined, resolvePools({ gpu: {} }))).toBeUndefined();
    expect(resolveDefaultPool(undefined, resolvePools(undefined))).toBeUndefined();
  });

  it('must be one of the pools', () => {
    expect(defaultPoolProblem('gpu', pools)).toBeUndefined();
    expect(defaultPoolProblem('gup', pools)).toBe(
      'defaultPool: there is no pool gup: add it to pools, or name one of default, gpu',
    );
    expect(defaultPoolProblem(undefined, new Map())).toBeUndefined();
  });
});
