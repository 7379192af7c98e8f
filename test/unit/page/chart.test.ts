import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bar, hourChart, sparkline } from '../../../src/page/chart.ts';

/** The corners of each run of a path, as absolute points. */
function runs(path: string): readonly (readonly (readonly [number, number])[])[] {
  return path
    .split('z')
    .filter((run) => run !== '')
    .map((run) => {
      const points: [number, number][] = [];
      let [x, y] = [0, 0];
      for (const [, command, numbers = ''] of run.matchAll(/([MVhl])([^MVhl]*)/g)) {
        const values = numbers.trim().split(/\s+/).map(Number);
        if (command === 'M') [x, y] = [values[0] ?? 0, values[1] ?? 0];
        if (command === 'V') y = values[0] ?? 0;
        if (command === 'h') x += values[0] ?? 0;
        if (command !== 'l') points.push([x, y]);
        for (let at = 0; command === 'l' && at < values.length; at += 2) {
          x += values[at] ?? 0;
          y += values[at + 1] ?? 0;
          points.push([x, y]);
        }
      }
      return points;
    });
}

function pathOf(values: readonly number[], limit?: number): string {
  return /d="([^"]*)"/.exec(sparkline(Float32Array.from(values), limit)?.text ?? '')?.[1] ?? '';
}

const VALUE = fc.oneof(fc.constant(Number.NaN), fc.float({ min: 0, max: 4, noNaN: true }));

describe('a sparkline', () => {
  test('goes through every known value at its place, and through nothing else', () => {
    fc.assert(
      fc.property(fc.array(VALUE, { minLength: 2, maxLength: 60 }), (values) => {
        const all = runs(pathOf(values, 4));
        const starts = values.filter((value, at) => !Number.isNaN(value) && (at === 0 || Number.isNaN(values[at - 1])));
        expect(all).toHaveLength(starts.length);
        for (const [at, value] of values.entries()) {
          // Between two corners the outline is straight, and level where it has none for a value.
          const heights = all.flatMap((points) =>
            points.slice(1).flatMap(([x, y], index) => {
              const [beforeX, beforeY] = points[index] ?? [0, 0];
              if (x === at && y <= 40) return [y];
              return beforeX < at && at < x && beforeY === y ? [y] : [];
            }),
          );
          if (Number.isNaN(value)) expect(heights).toEqual([]);
          else expect(heights).toContain(Math.round(40 * (1 - Math.min(1, Math.fround(value) / 4))));
        }
      }),
    );
  });

  test('is nothing where nothing is known', () => {
    expect(sparkline(undefined, 1)).toBeUndefined();
    expect(sparkline(new Float32Array(60).fill(Number.NaN), 1)).toBeUndefined();
  });

  test('stays in its picture, with and without a limit', () => {
    expect(pathOf([0, 9, 2], 4)).toBe('M-1 45V40h1l1 -40 1 20 1 0V45z');
    expect(pathOf([1, 2, 4])).toBe('M-1 45V32h1l1 -8 1 -16 1 0V45z');
    expect(pathOf([0, 0, 0])).not.toContain('NaN');
  });

  test('is short where little happens', () => {
    expect(pathOf(Array<number>(60).fill(1), 2).length).toBeLessThan(40);
  });
});

test('a bar warns from three quarters on and alarms from nine tenths on', () => {
  const kinds = [0.5, 0.75, 0.9].map((share) => /class="([^"]*)"/.exec(bar(share)?.text ?? '')?.[1]);
  expect(kinds).toEqual(['bar', 'bar warm', 'bar high']);
  expect(bar(undefined)).toBeUndefined();
});

test('the drawing of an hour has its limit within, and none where there is none', () => {
  const values = Float32Array.from([1, 2]);
  expect(hourChart(values, 4, 'CPU').text).toContain('class="limit" d="M0 7.4H1"');
  expect(hourChart(values, undefined, 'CPU').text).not.toContain('class="limit"');
});
