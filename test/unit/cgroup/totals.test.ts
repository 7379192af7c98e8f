import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addReading,
  type Counters,
  endCgroup,
  NO_TOTALS,
  startAt,
  sumOf,
  withTotals,
} from '../../../src/cgroup/totals.ts';

const count = fc.nat({ max: 1_000_000 });
const counters: fc.Arbitrary<Counters> = fc.record(
  { cpuUserSeconds: count, cpuPeriods: count, memoryOomKill: count, memoryHigh: count },
  { requiredKeys: [] },
);
const step = fc.oneof(
  counters.map((reading) => ({ kind: 'reading', reading }) as const),
  fc.constant({ kind: 'end' } as const),
);

test('no counter ever goes backwards or away, whatever is read and whenever a cgroup ends', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let totals = NO_TOTALS;
      let before = sumOf(totals);
      for (const next of steps) {
        totals = next.kind === 'reading' ? addReading(totals, next.reading) : endCgroup(totals);
        const after = sumOf(totals);
        for (const name of Object.keys(before) as (keyof Counters)[]) {
          expect(after[name]).toBeGreaterThanOrEqual(before[name] ?? 0);
        }
        before = after;
      }
    }),
  );
});

test('a total is the sum of the highest readings of each cgroup', () => {
  fc.assert(
    fc.property(fc.array(fc.array(count, { minLength: 1, maxLength: 5 }), { maxLength: 8 }), (cgroups) => {
      let totals = NO_TOTALS;
      for (const readings of cgroups) {
        for (const cpuPeriods of readings) totals = addReading(totals, { cpuPeriods });
        totals = endCgroup(totals);
      }
      const expected = cgroups.reduce((sum, readings) => sum + Math.max(...readings), 0);
      expect(sumOf(totals).cpuPeriods ?? 0).toBe(expected);
    }),
  );
});

test('what an adopted cgroup used before does not count, what it uses from then on does', () => {
  const adopted = startAt(NO_TOTALS, { cpuUserSeconds: 100, memoryOomKill: 3 });
  expect(sumOf(adopted)).toEqual({ cpuUserSeconds: 0, memoryOomKill: 0 });
  const later = addReading(adopted, { cpuUserSeconds: 107, memoryOomKill: 4 });
  expect(sumOf(endCgroup(later))).toEqual({ cpuUserSeconds: 7, memoryOomKill: 1 });
});

test('gauges of a usage stay beside its totals', () => {
  const totals = addReading(endCgroup(addReading(NO_TOTALS, { cpuUserSeconds: 5 })), { cpuUserSeconds: 2 });
  expect(withTotals({ sampledAtMs: 1, cpuUserSeconds: 2, tasks: 3 }, totals)).toEqual({
    sampledAtMs: 1,
    cpuUserSeconds: 7,
    tasks: 3,
  });
});
