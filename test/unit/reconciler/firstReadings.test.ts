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

test.each(['none', 'starting'] as const)('a run is read at once where nobody is in line (another: %s)', (state) => {
  readings.note('bob', state);
  readings.note('alice', 'starting');
  readings.note('alice', 'none');

  expect(readings.mayWait('alice', '1')).toBe(false);
  expect(readings.isWaiting('alice', '1')).toBe(false);
});

test('runs wait while others are in line, and are looked at when the last of these is up', () => {
  for (const name of ['alice', 'bob']) readings.note(name, 'starting');
  readings.note('carol', 'inLine');

  readings.note('alice', 'none');
  expect(readings.mayWait('alice', '1')).toBe(true);
  expect(readings.isWaiting('alice', '1')).toBe(true);
  expect(readings.isWaiting('alice', 'another run')).toBe(false);
  readings.note('carol', 'starting');
  readings.note('bob', 'none');
  expect(readings.mayWait('bob', '1')).toBe(true);
  expect(looked).toEqual([]);

  readings.note('carol', 'none');
  expect(looked).toEqual(['alice', 'bob']);
  expect(readings.isWaiting('alice', '1')).toBe(false);
  expect(readings.mayWait('carol', '1')).toBe(false);
  expect(clock.timers()).toBe(0);
});

test('a start that hangs keeps nobody waiting for longer than ten seconds', () => {
  readings.note('slow', 'starting');
  readings.note('next', 'inLine');
  readings.mayWait('alice', '1');

  clock.advance(9_999);
  expect(looked).toEqual([]);
  clock.advance(1);
  expect(looked).toEqual(['alice']);
});

test('one that is gone waits for nothing, and nobody for it', () => {
  for (const name of ['alice', 'bob']) readings.note(name, 'inLine');
  readings.mayWait('carol', '1');
  readings.mayWait('dave', '1');

  readings.forget('carol');
  readings.forget('alice');
  expect(looked).toEqual([]);
  readings.forget('bob');
  expect(looked).toEqual(['dave']);
});
