import { beforeEach, expect, test } from 'vitest';
import { FirstReadings } from '../../../src/reconciler/firstReadings.ts';
import { FakeClock } from '../../fakes/clock.ts';

let clock: FakeClock;
let looked: string[];
let readings: FirstReadings;
let inLine: number;
let onTheirWay: number;

beforeEach(() => {
  clock = new FakeClock();
  looked = [];
  inLine = 0;
  onTheirWay = 0;
  const starts = { hasLine: () => inLine > 0, onTheWay: () => onTheirWay };
  readings = new FirstReadings({ clock, enqueue: (name) => looked.push(name), starts });
});

test.each([0, 1, 2])('a run is read at once where nobody is in line and few are on their way (%i)', (others) => {
  onTheirWay = others;

  expect(readings.mayWait('alice', '1')).toBe(false);
  expect(readings.isWaiting('alice', '1')).toBe(false);
});

test.each([
  ['others are in line', 1, 1],
  ['many are on their way', 0, 3],
])('runs wait while %s, and are looked at a moment after the last of these is up', (_, line, others) => {
  [inLine, onTheirWay] = [line, others];
  expect(readings.mayWait('alice', '1')).toBe(true);
  expect(readings.isWaiting('alice', '1')).toBe(true);
  expect(readings.isWaiting('alice', 'another run')).toBe(false);

  [inLine, onTheirWay] = [0, 1];
  readings.review();
  expect(readings.mayWait('bob', '1')).toBe(true);
  clock.advance(500);
  expect(looked).toEqual([]);

  onTheirWay = 0;
  readings.review();
  clock.advance(499);
  expect(looked).toEqual([]);
  clock.advance(1);
  expect(looked).toEqual(['alice', 'bob']);
  expect(readings.isWaiting('alice', '1')).toBe(false);
  expect(readings.mayWait('carol', '1')).toBe(false);
  expect(clock.timers()).toBe(0);
});

test('a moment in which nobody is on the way does not end the wait where more come', () => {
  onTheirWay = 3;
  readings.mayWait('alice', '1');
  onTheirWay = 0;
  readings.review();
  expect(readings.mayWait('bob', '1')).toBe(true);

  clock.advance(400);
  onTheirWay = 1;
  readings.review();
  clock.advance(400);
  expect(looked).toEqual([]);

  onTheirWay = 0;
  readings.review();
  clock.advance(500);
  expect(looked).toEqual(['alice', 'bob']);
});

test('a start that hangs keeps nobody waiting for longer than thirty seconds', () => {
  [inLine, onTheirWay] = [1, 1];
  readings.mayWait('alice', '1');

  clock.advance(29_999);
  readings.review();
  expect(looked).toEqual([]);
  clock.advance(1);
  expect(looked).toEqual(['alice']);
});

test('one that is gone waits for nothing, and nobody for it', () => {
  inLine = 1;
  readings.mayWait('carol', '1');
  readings.mayWait('dave', '1');

  readings.forget('carol');
  expect(looked).toEqual([]);
  inLine = 0;
  readings.forget('bob');
  clock.advance(500);
  expect(looked).toEqual(['dave']);
});
