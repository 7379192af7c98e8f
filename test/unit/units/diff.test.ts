import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Resources } from '../../../src/spec/types.ts';
import { compileUnit } from '../../../src/units/compile.ts';
import { appliedLimits, diffLive, isReloadRounding } from '../../../src/units/diff.ts';
import { CONTEXT, makeServer } from './servers.ts';

const INFINITY = 2n ** 64n - 1n;

const planOf = (resources: Resources) => compileUnit(makeServer({ resources }), CONTEXT);

/** What systemd would report of a unit with these limits. */
const liveOf = (resources: Resources) =>
  Object.fromEntries(planOf(resources).live.map(({ name, value }) => [name, value]));

const names = (resources: Resources, live: Readonly<Record<string, unknown>>) =>
  diffLive(planOf(resources).live, live).map(({ name }) => name);

const ALL: Resources = {
  memoryMaxBytes: 2 ** 30,
  memoryHighBytes: 2 ** 29,
  memoryLowBytes: 2 ** 28,
  memorySwapMaxBytes: 0,
  cpuLimitCores: 1.155,
  cpuWeight: 300,
  allowedCpus: [0, 1, 2, 9],
  tasksMax: 99,
};

describe('the difference of live limits', () => {
  it('is empty where systemd has what is wanted', () => {
    expect(names(ALL, liveOf(ALL))).toEqual([]);
    expect(names({}, liveOf({}))).toEqual([]);
  });

  it('is what was changed, with the wanted value', () => {
    const changed = diffLive(planOf({ ...ALL, memoryMaxBytes: 2 ** 31 }).live, liveOf(ALL));

    expect(changed).toEqual([{ name: 'MemoryMax', signature: 't', value: 2n ** 31n }]);
  });

  it('takes limits back that the spec no longer has', () => {
    const changed = diffLive(planOf({}).live, liveOf(ALL));

    expect(Object.fromEntries(changed.map(({ name, value }) => [name, value]))).toEqual({
      MemoryMax: INFINITY,
      MemoryHigh: INFINITY,
      MemoryLow: 0n,
      MemorySwapMax: INFINITY,
      CPUQuotaPerSecUSec: INFINITY,
      CPUWeight: 100n,
      AllowedCPUs: Buffer.alloc(0),
      TasksMax: INFINITY,
    });
  });

  it('is empty after what it says has been set, whatever was there', () => {
    const resources = fc.record(
      {
        memoryMaxBytes: fc.integer({ min: 1 }),
        memoryLowBytes: fc.integer({ min: 1 }),
        cpuLimitCores: fc.integer({ min: 1, max: 9999 }).map((cents) => cents / 100),
        allowedCpus: fc.uniqueArray(fc.nat(100), { minLength: 1 }),
        tasksMax: fc.integer({ min: 1 }),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Resources>;
    fc.assert(
      fc.property(resources, resources, (before, after) => {
        const live = liveOf(before);
        const changes = diffLive(planOf(after).live, live);
        const set = { ...live, ...Object.fromEntries(changes.map(({ name, value }) => [name, value])) };
        expect(names(after, set)).toEqual([]);
      }),
    );
  });

  it('does not care how a value is carried, nor for the zeros that systemd pads a CPU set with', () => {
    const live = { ...liveOf(ALL), MemoryMax: 2 ** 30, AllowedCPUs: [0x07, 0x02, 0, 0, 0, 0, 0, 0] };

    expect(names(ALL, live)).toEqual([]);
    expect(names({ ...ALL, allowedCpus: [0, 1, 2] }, live)).toEqual(['AllowedCPUs']);
  });

  it('reads what systemd does not report as unset', () => {
    expect(names({}, {})).toEqual(['CPUWeight']);
    expect(names({ memoryMaxBytes: 2 ** 30 }, {})).toEqual(['MemoryMax', 'MemorySwapMax', 'CPUWeight']);
  });

  it('finds accounting that was switched off', () => {
    expect(names({}, { ...liveOf({}), CPUAccounting: false })).toEqual(['CPUAccounting']);
  });
});

describe("a quota rounded by systemd's daemon-reload", () => {
  const quota = (cores: number, live: bigint) => {
    const [property] = diffLive(planOf({ cpuLimitCores: cores }).live, { CPUQuotaPerSecUSec: live });
    return property !== undefined && isReloadRounding(property, { CPUQuotaPerSecUSec: live });
  };

  it('is known by its whole percents, or by none below one', () => {
    expect(quota(1.155, 1_150_000n)).toBe(true);
    expect(quota(0.005, INFINITY)).toBe(true);
  });

  it("is not somebody's change", () => {
    expect(quota(1.155, 1_000_000n)).toBe(false);
    expect(quota(1.155, INFINITY)).toBe(false);
    expect(quota(1.15, 1_140_000n)).toBe(false);
  });
});

describe('the limits in force', () => {
  it('are in base units, under the names of status', () => {
    expect(appliedLimits(liveOf(ALL))).toEqual({
      memoryMaxBytes: 2 ** 30,
      memoryHighBytes: 2 ** 29,
      memoryLowBytes: 2 ** 28,
      memorySwapMaxBytes: 0,
      cpuLimitCores: 1.155,
      cpuWeight: 300,
      allowedCpus: '0-2,9',
      tasksMax: 99,
    });
  });

  it('are absent where they are not set or not known', () => {
    expect(appliedLimits(liveOf({}))).toEqual({ cpuWeight: 100 });
    expect(appliedLimits({})).toEqual({});
    expect(appliedLimits({ AllowedCPUs: [0, 0], CPUWeight: INFINITY })).toEqual({});
  });
});
