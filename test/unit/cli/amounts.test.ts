import { describe, expect, it } from 'vitest';
import { formatAge, formatBytes, formatCoresUsed } from '../../../src/cli/amounts.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('formatAge', () => {
  it.each([
    [0, '0s'],
    [-5, '0s'],
    [45, '45s'],
    [119, '119s'],
    [2 * MINUTE, '2m'],
    [5 * MINUTE + 7, '5m7s'],
    [12 * MINUTE + 7, '12m'],
    [3 * HOUR + 5 * MINUTE, '3h5m'],
    [20 * HOUR + 5 * MINUTE, '20h'],
    [5 * DAY + 3 * HOUR, '5d3h'],
    [100 * DAY + 3 * HOUR, '100d'],
    [3 * 365 * DAY + 4 * DAY, '3y4d'],
  ])('of %d s is %s', (seconds, text) => {
    expect(formatAge(seconds * 1000)).toBe(text);
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1K'],
    [84.2 * 1024 ** 2, '84M'],
    [512 * 1024 ** 2, '512M'],
    [1.5 * 1024 ** 3, '1.5G'],
    [1023.9 * 1024 ** 2, '1G'],
    [3 * 1024 ** 4, '3T'],
  ])('of %d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatCoresUsed', () => {
  it.each([
    [0, '0'],
    [0.524, '0.52'],
    [1, '1'],
    [12.44, '12.4'],
  ])('of %d is %s', (cores, text) => {
    expect(formatCoresUsed(cores)).toBe(text);
  });
});
