import { beforeEach, expect, test } from 'vitest';
import { FirstReadings } from '../../../src/reconciler/firstReadings.ts';
import { FakeClock } from '../../fakes/clock.ts';

let clock: FakeClock;
let looked: string[];
let readings: FirstReadings;

beforeEach(() => {
  clock = new FakeClock();
  looked = [];
  readings = new FirstReadings(clock, (name) => looked.push(name));
});

test('a run is read at once where nobody else starts', () => {
  readings.note('alice', true);
  readings.note('alice', false);

  expect(readings.mayWait('alice', '1')).toBe(false);
});

test('runs wait while others start, and are looked at when the last of these is up', () => {
  for (const name of ['alice', 'bob', 'carol']) readings.note(name, true);

  readings.note('alice', false);
  expect(readings.mayWait('alice', '1')).toBe(true);
  readings.note('bob', false);
  expect(readings.mayWait('bob', '1')).toBe(true);
  expect(looked).toEqual([]);

  readings.note('carol', false);
  expect(looked).toEqual(['alice', 'bob']);
  expect(readings.mayWait('carol', '1')).toBe(false);
  expect(clock.timers()).toBe(0);
});

test('a start that hangs keeps nobody waiting for longer than ten seconds', () => {
  readings.note('slow', true);
  readings.mayWait('alice', '1');

  clock.advance(9_999);
  expect(looked).toEqual([]);
  clock.advance(1);
  expect(looked).toEqual(['alice']);
});

test('one that is gone waits for nothing, and nobody for it', () => {
  for (const name of ['alice', 'bob']) readings.note(name, true);
  readings.mayWait('carol', '1');
  readings.mayWait('dave', '1');

  readings.forget('carol');
  readings.forget('alice');
  expect(looked).toEqual([]);
  readings.forget('bob');
  expect(looked).toEqual(['dave']);
});
