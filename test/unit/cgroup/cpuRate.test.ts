import { expect, test } from 'vitest';
import { CpuRate } from '../../../src/cgroup/cpuRate.ts';

test('is the time used per time between two readings, and not known before there are two', () => {
  const rate = new CpuRate();
  rate.note(1000, 5);
  expect(rate.cores).toBeUndefined();
  rate.note(11_000, 20);
  expect(rate.cores).toBe(1.5);
});

test('is not made of readings that are too near to each other, nor of one that shows nothing', () => {
  const rate = new CpuRate();
  rate.note(1000, 5);
  rate.note(1499, 6);
  rate.note(1500, undefined);
  expect(rate.cores).toBeUndefined();
  rate.note(1500, 5.25);
  expect(rate.cores).toBe(0.5);
});

test('begins anew with another cgroup', () => {
  const rate = new CpuRate();
  rate.note(1000, 5);
  rate.note(2000, 6);
  rate.forget();
  rate.note(3000, 0);
  expect(rate.cores).toBeUndefined();
});
