/** Cron expressions of five fields: what they mean, and which local minutes they name. node-cron reads them; nothing here waits. */
import { createRequire } from 'node:module';
import type { ParsedFields } from 'node-cron';

/** A cron expression, read. All lists ascend and have no duplicates. */
export interface Cron {
  /** As it was written. */
  readonly text: string;
  /** Minutes of the day, 0-1439. */
  readonly minutesOfDay: readonly number[];
  /** Days of the month, 1-31. */
  readonly days: ReadonlySet<number>;
  /** 1-12. */
  readonly months: ReadonlySet<number>;
  /** 0-6, 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
}

/** An expression that means nothing, or not the same to everybody. */
export class CronError extends Error {
  override readonly name = 'CronError';
}

const EXAMPLE = 'write minute, hour, day of the month, month and weekday, such as "0 8 * * mon-fri"';
/** Longer than every minute, hour, day, month and weekday by its number. */
const MAX_LENGTH = 512;
const DAY_MINUTES = 1440;
const DAY_MS = DAY_MINUTES * 60_000;
/** February the 29th is missing for up to eight years in a row. */
const LONGEST_GAP_DAYS = 3_000;

// It loads several of Node's own modules, which no command needs that meets no schedule.
const require = createRequire(import.meta.url);

/**
 * Reads `minute hour day month weekday` with numbers, names (`jan`, `mon`), ranges, lists and steps; a range may wrap
 * (`22-2`), and 7 is Sunday too.
 *
 * Both a day of the month and a weekday are refused: some programs take either, some both.
 * @throws {CronError} what is wrong and what to do, to follow a path
 * @see node-cron's README, "Cron Syntax", less what goes beyond crontab(5): seconds, nicknames, L, W, # and ?
 */
export function parseCron(text: string): Cron {
  const count = text.trim() === '' ? 0 : text.trim().split(/\s+/).length;
  if (count !== 5) throw new CronError(`must have five fields: ${EXAMPLE}`);
  // node-cron writes ranges out before it judges them: a number of nine digits would fill all memory.
  if (text.length > MAX_LENGTH) throw new CronError(`must be at most ${MAX_LENGTH} characters long: ${EXAMPLE}`);
  const tooLong = /\d{3,}/.exec(text)?.[0];
  if (tooLong !== undefined) throw new CronError(`has a number of ${tooLong.length} digits in it: ${EXAMPLE}`);
  const { validateDetailed } = require('node-cron') as typeof import('node-cron');
  const { fields, errors } = validateDetailed(text.trim());
  const [error] = errors;
  if (error !== undefined || fields === undefined) {
    const what =
      error === undefined || error.field === 'expression' ? JSON.stringify(text) : JSON.stringify(error.value);
    throw new CronError(`has ${what} in it, which is no ${wordOf(error?.field)}: ${EXAMPLE}`);
  }
  const days = numbers(fields.dayOfMonth);
  const weekdays = numbers(fields.dayOfWeek);
  if (days === undefined || weekdays === undefined || text.includes('?')) {
    throw new CronError('must do without L, W, # and ?: name the days one by one');
  }
  if (days.size < 31 && weekdays.size < 7) {
    throw new CronError('must not name both days of the month and weekdays: write a window for each');
  }
  return { text, days, weekdays, months: new Set(fields.month), minutesOfDay: minutesOf(fields) };
}

/** What is wrong with it as text, or undefined where nothing is. */
export function cronProblem(text: string): string | undefined {
  try {
    parseCron(text);
    return undefined;
  } catch (error) {
    if (error instanceof CronError) return error.message;
    throw error;
  }
}

/** The last local minute up to and with `minute` that it names; minutes count from 1970-01-01 00:00. Undefined: none in eight years. */
export function lastMinute(cron: Cron, minute: number): number | undefined {
  let limit = modulo(minute, DAY_MINUTES);
  const today = Math.floor(minute / DAY_MINUTES);
  for (let day = today; day > today - LONGEST_GAP_DAYS; day = dayBefore(cron, day), limit = DAY_MINUTES) {
    if (!isDayOf(cron, day)) continue;
    const found = cron.minutesOfDay.findLast((ofDay) => ofDay <= limit);
    if (found !== undefined) return day * DAY_MINUTES + found;
  }
  return undefined;
}

/** The first local minute after `minute` that it names. Undefined: none in eight years. */
export function nextMinute(cron: Cron, minute: number): number | undefined {
  let limit = modulo(minute, DAY_MINUTES);
  const today = Math.floor(minute / DAY_MINUTES);
  for (let day = today; day < today + LONGEST_GAP_DAYS; day = dayAfter(cron, day), limit = -1) {
    if (!isDayOf(cron, day)) continue;
    const found = cron.minutesOfDay.find((ofDay) => ofDay > limit);
    if (found !== undefined) return day * DAY_MINUTES + found;
  }
  return undefined;
}

/** The next day that may be one of it: months that it does not name are passed over at once. */
function dayAfter(cron: Cron, day: number): number {
  const date = dateOf(day);
  if (isMonthOf(cron, date)) return day + 1;
  return Math.floor(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / DAY_MS);
}

function dayBefore(cron: Cron, day: number): number {
  const date = dateOf(day);
  return isMonthOf(cron, date) ? day - 1 : day - date.getUTCDate();
}

function isMonthOf(cron: Cron, date: Date): boolean {
  return cron.months.has(date.getUTCMonth() + 1);
}

function dateOf(day: number): Date {
  return new Date(day * DAY_MS);
}

function isDayOf(cron: Cron, day: number): boolean {
  const date = dateOf(day);
  return cron.weekdays.has(date.getUTCDay()) && cron.days.has(date.getUTCDate()) && isMonthOf(cron, date);
}

function minutesOf({ hour, minute }: ParsedFields): readonly number[] {
  const [hours, minutes] = [ascending(hour), ascending(minute)];
  return hours.flatMap((ofDay) => minutes.map((ofHour) => ofDay * 60 + ofHour));
}

function ascending(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** Undefined: something else than numbers is among them, as `L` or `1#2`. */
function numbers(values: readonly (number | string)[]): ReadonlySet<number> | undefined {
  const all = values.filter((value) => typeof value === 'number');
  return all.length === values.length ? new Set(all) : undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  minute: 'minute (0-59)',
  hour: 'hour (0-23)',
  dayOfMonth: 'day of these months',
  month: 'month (1-12, jan-dec)',
  dayOfWeek: 'weekday (0-7, sun-sat)',
};

function wordOf(field: string | undefined): string {
  return WORDS[field ?? ''] ?? 'cron expression';
}

function modulo(value: number, base: number): number {
  return ((value % base) + base) % base;
}
