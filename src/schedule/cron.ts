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
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
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
  let day = Math.floor(minute / DAY_MINUTES);
  for (let count = 0; count < LONGEST_GAP_DAYS; count += 1, day -= 1, limit = DAY_MINUTES) {
    if (!isDayOf(cron, day)) continue;
    const found = cron.minutesOfDay.findLast((ofDay) => ofDay <= limit);
    if (found !== undefined) return day * DAY_MINUTES + found;
  }
  return undefined;
}

/** The first local minute after `minute` that it names. Undefined: none in eight years. */
export function nextMinute(cron: Cron, minute: number): number | undefined {
  let limit = modulo(minute, DAY_MINUTES);
  let day = Math.floor(minute / DAY_MINUTES);
  for (let count = 0; count < LONGEST_GAP_DAYS; count += 1, day += 1, limit = -1) {
    if (!isDayOf(cron, day)) continue;
    const found = cron.minutesOfDay.find((ofDay) => ofDay > limit);
    if (found !== undefined) return day * DAY_MINUTES + found;
  }
  return undefined;
}

function isDayOf(cron: Cron, day: number): boolean {
  const date = new Date(day * DAY_MINUTES * MINUTE_MS);
  return (
    cron.weekdays.has(date.getUTCDay()) && cron.days.has(date.getUTCDate()) && cron.months.has(date.getUTCMonth() + 1)
  );
}

function minutesOf({ hour, minute }: ParsedFields): readonly number[] {
  const all = new Set(hour.flatMap((hours) => minute.map((minutes) => hours * 60 + minutes)));
  return [...all].sort((a, b) => a - b);
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
