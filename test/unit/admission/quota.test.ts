import { expect, it } from 'vitest';
import {
  addCharge,
  chargeOf,
  NO_SUMS,
  type QuotaScope,
  quotaProblem,
  quotaUses,
} from '../../../src/admission/quota.ts';
import type { Quota } from '../../../src/spec/quota.ts';
import type { Resources } from '../../../src/spec/types.ts';

const GIBIBYTE = 1024 ** 3;

const pool = (quota: Quota): QuotaScope => ({
  kind: 'pool',
  name: 'gpu',
  quota,
  pathOf: (resource) => `pools.gpu.quota.${resource}`,
});

function problemOf(quota: Quota, asked: Resources, others: readonly Resources[], held?: Resources) {
  const sums = others.reduce((sum, resources) => addCharge(sum, chargeOf(resources), 1), NO_SUMS);
  return quotaProblem(pool(quota), chargeOf(asked), sums, held === undefined ? undefined : chargeOf(held));
}

it('says which quota, how much is given away, how much is asked and what to do', () => {
  const quota = { memoryMaxBytes: 8 * GIBIBYTE };
  expect(problemOf(quota, { memoryMaxBytes: 4 * GIBIBYTE }, [{ memoryMaxBytes: 6 * GIBIBYTE }])).toEqual({
    kind: 'exceeded',
    message:
      'pools.gpu.quota.memory: asks for 4G, and 6G of the 8G for the pool gpu are given to other servers; it is admitted when one of them goes or asks for less, or when the quota is raised',
  });
  expect(problemOf(quota, { memoryMaxBytes: 9 * GIBIBYTE }, [])?.message).toBe(
    'pools.gpu.quota.memory: asks for 9G, and all servers of the pool gpu together may have 8G; lower spec.resources.memory.limit, or raise the quota',
  );
  expect(problemOf({ servers: 1 }, {}, [{}])?.message).toBe(
    'pools.gpu.quota.servers: the pool gpu has 1 of 1 servers already; it is admitted when one of them goes, or when the quota is raised',
  );
});

it('takes the sum exactly up to the limit, also of fractions of a core', () => {
  const tenths = Array.from({ length: 9 }, () => ({ cpuLimitCores: 0.1 }));
  expect(problemOf({ cpuLimitCores: 1 }, { cpuLimitCores: 0.1 }, tenths)).toBeUndefined();
  expect(problemOf({ cpuLimitCores: 1 }, { cpuLimitCores: 0.11 }, tenths)?.kind).toBe('exceeded');
});

it('refuses what has no limit where the sum of limits is limited, and takes no guarantee for none', () => {
  expect(problemOf({ memoryMaxBytes: GIBIBYTE }, {}, [])).toEqual({
    kind: 'unbounded',
    message:
      'needs spec.resources.memory.limit, in its file or its profile: pools.gpu.quota.memory limits the sum of them',
  });
  expect(problemOf({ tasksMax: 5 }, {}, [])?.kind).toBe('unbounded');
  expect(problemOf({ cpuLimitCores: 5 }, {}, [])?.kind).toBe('unbounded');
  expect(problemOf({ memoryLowBytes: 1 }, {}, [])).toBeUndefined();
});

it('leaves to each what it holds where the quota was lowered, and no more', () => {
  const held = { tasksMax: 10 };
  expect(problemOf({ tasksMax: 15 }, held, [{ tasksMax: 10 }], held)).toBeUndefined();
  expect(problemOf({ tasksMax: 15 }, { tasksMax: 9 }, [{ tasksMax: 10 }], held)).toBeUndefined();
  expect(problemOf({ tasksMax: 15 }, { tasksMax: 11 }, [{ tasksMax: 10 }], held)?.kind).toBe('exceeded');
});

it('tells what is given away in base units, of what is limited alone', () => {
  const sums = addCharge(NO_SUMS, chargeOf({ cpuLimitCores: 1.5, memoryMaxBytes: 5 }), 1);
  expect(quotaUses(pool({ servers: 4, cpuLimitCores: 8 }), sums)).toEqual([
    { scope: 'pool', name: 'gpu', resource: 'servers', used: 1, limit: 4 },
    { scope: 'pool', name: 'gpu', resource: 'cpu', used: 1.5, limit: 8 },
  ]);
});
