import { describe, expect, it } from 'vitest';
import { type Cron, cronProblem, lastMinute, nextMinute, parseCron } from '../../../src/schedule/cron.ts';
import { isTimeZone } from '../../../src/schedule/zone.ts';

describe('cron expressions', () => {
  it('have numbers, names, ranges, lists and steps', () => {
    const cron = parseCron('*/30 9-17/4,22 1,15 jan-mar *');
    expect(cron.minutesOfDay).toEqual([540, 570, 780, 810, 1020, 1050, 1320, 1350]);
    expect([...cron.days]).toEqual([1, 15]);
    expect([...cron.months]).toEqual([1, 2, 3]);
    expect(parseCron('0 22-1 * * 7').minutesOfDay).toEqual([0, 60, 1320, 1380]);
    expect([...parseCron('0 8 * * 7').weekdays]).toEqual([0]);
    expect(new Set(parseCron('0 8 * * sat-mon').weekdays)).toEqual(new Set([6, 0, 1]));
  });

  it.each([
    ['', 'must have five fields'],
    ['0 8 * *', 'must have five fields'],
    ['0 0 8 * * *', 'must have five fields'],
    ['@daily', 'must have five fields'],
    ['60 8 * * *', 'has "60" in it, which is no minute'],
    ['0 25 * * *', 'has "25" in it, which is no hour'],
    ['0 8 * * fryday', 'which is no weekday'],
    ['0 8 30 2 *', 'has "30" in it, which is no day of these months'],
    ['*/0 8 * * *', 'has "*/0" in it'],
    ['0 8 L * *', 'must do without L, W, # and ?'],
    ['0 8 ? * *', 'must do without L, W, # and ?'],
    ['0 8 * * 1#2', 'must do without L, W, # and ?'],
    ['0 8 1-7 * mon', 'must not name both'],
    ['$(id) 8 * * *', 'cron expression'],
  ])('%j is refused', (text, words) => {
    expect(cronProblem(text)).toContain(words);
  });

  it.each([
    '0-999999999 * * * *',
    '99999999-1 * * * *',
    `${'0-59,'.repeat(5_000)}0 ${'0-23,'.repeat(5_000)}0 * * *`,
    `${'*,'.repeat(20_000)}0 * * * *`,
  ])('are refused before they fill all memory: %.30s', (text) => {
    expect(cronProblem(text)).toMatch(/digits|characters long/);
  });

  it('may name every minute, hour, day and month by its number', () => {
    const all = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, at) => first + at).join();
    expect(parseCron(`${all(0, 59)} ${all(0, 23)} ${all(1, 31)} ${all(1, 12)} *`).minutesOfDay).toHaveLength(1440);
    expect(parseCron('0,0,0-1 3,3 * * *').minutesOfDay).toEqual([180, 181]);
  });

  it('are looked through by months where they name few of them', () => {
    const looks = new CountingSet([2]);
    const leapDay: Cron = { ...parseCron('0 0 29 2 *'), months: looks };
    const minute = (iso: string) => Date.parse(iso) / 60_000;
    expect(nextMinute(leapDay, minute('2024-02-29T00:00:00Z'))).toBe(minute('2028-02-29T00:00:00Z'));
    expect(lastMinute(leapDay, minute('2028-02-28T00:00:00Z'))).toBe(minute('2024-02-29T00:00:00Z'));
    expect(looks.count).toBeLessThan(600);
  });

  it('are in zones that Node knows', () => {
    expect(isTimeZone('Europe/Berlin')).toBe(true);
    expect(isTimeZone('UTC')).toBe(true);
    expect(isTimeZone('Europe/Atlantis')).toBe(false);
    expect(isTimeZone('')).toBe(false);
  });
});

class CountingSet extends Set<number> {
  count = 0;

  override has(value: number): boolean {
    this.count += 1;
    return super.has(value);
  }
}
