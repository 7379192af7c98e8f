import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountOf, HOUR_SLOTS, RECENT_SLOTS, UsageHistory } from '../../../src/page/history.ts';

const PASS_MS = 10_000;

/** Passes one after the other; undefined: it is down then. */
function taken(cpu: readonly (number | undefined)[], startMs = 0): UsageHistory {
  const history = new UsageHistory();
  for (const [at, cpuCores] of cpu.entries()) {
    const memoryBytes = cpuCores === undefined ? undefined : cpuCores * 100;
    history.take(new Map([['alice', { cpuCores, memoryBytes }]]), startMs + at * PASS_MS);
  }
  return history;
}

describe('the last ten minutes', () => {
  test('end with the last pass and are unknown before the first and while it was down', () => {
    const series = taken([1, undefined, 3]).recent('alice');
    expect([...(series?.cpuCores ?? [])].slice(-4)).toEqual([Number.NaN, 1, Number.NaN, 3]);
    expect(series?.memoryBytes.at(-1)).toBe(300);
    expect(series?.cpuCores).toHaveLength(RECENT_SLOTS);
  });

  test('are always the last passes, however many there were', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: RECENT_SLOTS, maxLength: 300 }), (cpu) => {
        expect([...(taken(cpu).recent('alice')?.cpuCores ?? [])]).toEqual(cpu.slice(-RECENT_SLOTS));
      }),
    );
  });
});

describe('the last hour', () => {
  test('has averages of CPU and peaks of memory, by the minute', () => {
    const series = taken([1, 2, 3, 4, 5, 6, 10, 20]).hour('alice');
    expect([...(series?.cpuCores ?? [])].slice(-2)).toEqual([3.5, 15]);
    expect([...(series?.memoryBytes ?? [])].slice(-2)).toEqual([600, 2000]);
  });

  test('leaves out minutes without any pass, as after a long pause', () => {
    const history = taken([1, 1]);
    history.take(new Map([['alice', { cpuCores: 7, memoryBytes: 7 }]]), 3 * 60_000);
    expect([...(history.hour('alice')?.cpuCores ?? [])].slice(-4)).toEqual([1, Number.NaN, Number.NaN, 7]);
  });

  test('is that of the minutes that were, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 130 }), (minutes) => {
        const history = taken(minutes.flatMap((cpu) => Array<number>(6).fill(cpu)));
        const expected = [...Array<number>(HOUR_SLOTS).fill(Number.NaN), ...minutes].slice(-HOUR_SLOTS);
        expect([...(history.hour('alice')?.cpuCores ?? [])]).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});

test('nothing is kept of what is no more', () => {
  const history = taken([1]);
  history.take(new Map([['bob', { cpuCores: 1, memoryBytes: 1 }]]), PASS_MS);
  expect(history.recent('alice')).toBeUndefined();
  history.take(new Map([['alice', { cpuCores: 2, memoryBytes: 2 }]]), 2 * PASS_MS);
  expect([...(history.recent('alice')?.cpuCores ?? [])].filter((value) => !Number.isNaN(value))).toEqual([2]);
});

test('a reading of an earlier pass says nothing of now', () => {
  const usage = { sampledAtMs: 100, cpuCores: 1, memoryCurrentBytes: 5, memoryWorkingSetBytes: 3 };
  expect(amountOf(usage, 100)).toEqual({ cpuCores: 1, memoryBytes: 3 });
  expect(amountOf(usage, 101)).toEqual({ cpuCores: undefined, memoryBytes: undefined });
  expect(amountOf(undefined, 0)).toEqual({ cpuCores: undefined, memoryBytes: undefined });
});
