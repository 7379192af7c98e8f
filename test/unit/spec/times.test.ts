import { expect, it } from 'vitest';
import { parseMomentMs } from '../../../src/spec/times.ts';

it.each([
  ['2027-01-31T18:00:00Z', Date.UTC(2027, 0, 31, 18)],
  ['2027-01-31t18:00:00.5z', Date.UTC(2027, 0, 31, 18, 0, 0, 500)],
  ['2027-01-31T18:00:00+02:00', Date.UTC(2027, 0, 31, 16)],
  ['2027-01-31 18:00-05:30', Date.UTC(2027, 0, 31, 23, 30)],
  ['2028-02-29', new Date(2028, 1, 29).getTime()],
  ['2027-01-31 18:00', new Date(2027, 0, 31, 18).getTime()],
])('reads %s', (text, ms) => {
  expect(parseMomentMs(text)).toBe(ms);
});

it.each(['', 'tomorrow', '2027-02-29', '2027-13-01', '2027-04-31', '2027-01-01T24:00:00Z', '0050-01-01', '2027-1-1'])(
  'does not take %j for a moment',
  (text) => {
    expect(parseMomentMs(text)).toBeUndefined();
  },
);
