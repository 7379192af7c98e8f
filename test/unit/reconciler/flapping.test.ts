import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterCorrection,
  type Flaps,
  flappingOf,
  flapsDueMs,
  mayCorrect,
  NO_FLAPS,
  withoutQuiet,
} from '../../../src/reconciler/flapping.ts';

const MINUTE = 60_000;

const corrected = (...minutes: readonly number[]): Flaps =>
  minutes.reduce((flaps, at) => afterCorrection(flaps, 'MemoryMax', at * MINUTE), NO_FLAPS);

describe('a property that is set back', () => {
  it('may be at once, twice in ten minutes and again later', () => {
    expect(mayCorrect(corrected(0, 1), 'MemoryMax', 1 * MINUTE + 1)).toBe(true);
    expect(flappingOf(corrected(0, 1, 11))).toEqual([]);
    expect(flapsDueMs(corrected(0, 1), 2 * MINUTE)).toBeUndefined();
  });

  it('flaps from the third time in ten minutes on, and may then be every five minutes', () => {
    const flaps = corrected(0, 1, 2);
    expect(flappingOf(flaps)).toEqual(['MemoryMax']);
    expect(mayCorrect(flaps, 'MemoryMax', 7 * MINUTE - 1)).toBe(false);
    expect(mayCorrect(flaps, 'MemoryMax', 7 * MINUTE)).toBe(true);
    expect(flapsDueMs(flaps, 3 * MINUTE)).toBe(4 * MINUTE);
    expect(mayCorrect(flaps, 'CPUWeight', 3 * MINUTE)).toBe(true);
  });

  it('flaps as long as somebody keeps at it, however slowly it is set back', () => {
    const flaps = corrected(0, 1, 2, 7, 12, 17);
    expect(flappingOf(flaps)).toEqual(['MemoryMax']);
    expect(flappingOf(withoutQuiet(flaps, new Set(['MemoryMax']), 60 * MINUTE))).toEqual(['MemoryMax']);
  });

  it('is as before once it has been quiet for ten minutes', () => {
    const flaps = corrected(0, 1, 2);
    expect(flappingOf(withoutQuiet(flaps, new Set(), 12 * MINUTE - 1))).toEqual(['MemoryMax']);
    expect(withoutQuiet(flaps, new Set(), 12 * MINUTE).size).toBe(0);
  });
});

it('whoever changes it how often: it is set back no more than twelve times an hour after the first three', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 60 }), (pausesSeconds) => {
      let [flaps, nowMs] = [NO_FLAPS, 0];
      const times: number[] = [];
      for (const seconds of pausesSeconds) {
        nowMs += seconds * 1000;
        flaps = withoutQuiet(flaps, new Set(['MemoryMax']), nowMs);
        if (!mayCorrect(flaps, 'MemoryMax', nowMs)) continue;
        flaps = afterCorrection(flaps, 'MemoryMax', nowMs);
        times.push(nowMs);
      }
      for (const [at, time] of times.entries()) {
        const inTenMinutes = times.filter((other) => other <= time && time - other < 10 * MINUTE);
        expect(inTenMinutes.length, `at ${at}`).toBeLessThanOrEqual(4);
      }
    }),
  );
});
