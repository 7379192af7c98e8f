import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCron } from '../../../src/schedule/cron.ts';
import { isOpen, nextOpeningMs, type Schedule, windowState } from '../../../src/schedule/windows.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

function schedule(timeZone: string, ...windows: readonly (readonly [string, string])[]): Schedule {
  const parsed = windows.map(([start, stop]) => ({ start: parseCron(start), stop: parseCron(stop) }));
  return { timeZone, windows: parsed, overrun: 'stop' };
}

const at = (iso: string) => Date.parse(iso);
const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

describe('windows', () => {
  const office = schedule('Europe/Berlin', ['0 8 * * mon-fri', '0 18 * * mon-fri']);

  it('are open from start to stop, in local time', () => {
    expect(isOpen(office, at('2026-01-05T06:59:59Z'))).toBe(false);
    expect(isOpen(office, at('2026-01-05T07:00:00Z'))).toBe(true);
    expect(isOpen(office, at('2026-07-06T06:00:00Z'))).toBe(true);
    expect(isOpen(office, at('2026-01-05T17:00:00Z'))).toBe(false);
    expect(isOpen(office, at('2026-01-10T10:00:00Z'))).toBe(false);
  });

  it('tell when they change', () => {
    expect(iso(windowState(office, at('2026-01-09T10:00:00Z')).holdsUntilMs)).toBe('2026-01-09T17:00:00.000Z');
    expect(iso(windowState(office, at('2026-01-09T17:00:00Z')).holdsUntilMs)).toBe('2026-01-12T07:00:00.000Z');
    expect(iso(nextOpeningMs(office, at('2026-01-09T10:00:00Z')))).toBe('2026-01-12T07:00:00.000Z');
  });

  it('open at the first moment after an hour that is skipped', () => {
    const night = schedule('Europe/Berlin', ['30 2 * * *', '0 5 * * *']);
    expect(iso(windowState(night, at('2026-03-29T00:30:00Z')).holdsUntilMs)).toBe('2026-03-29T01:00:00.000Z');
    expect(isOpen(night, at('2026-03-29T00:59:59Z'))).toBe(false);
    expect(isOpen(night, at('2026-03-29T01:00:00Z'))).toBe(true);
  });

  it('do not open at all where both their ends are skipped', () => {
    const night = schedule('Europe/Berlin', ['10 2 * * *', '40 2 * * *']);
    expect(isOpen(night, at('2026-03-29T01:00:00Z'))).toBe(false);
    expect(isOpen(night, at('2026-03-29T12:00:00Z'))).toBe(false);
    expect(isOpen(night, at('2026-03-30T00:20:00Z'))).toBe(true);
  });

  it('open once where an hour comes twice', () => {
    const night = schedule('Europe/Berlin', ['10 2 * * *', '40 2 * * *']);
    const open = minutes('2026-10-24T22:00:00Z', '2026-10-25T04:00:00Z').filter((ms) => isOpen(night, ms));
    expect(open).toHaveLength(30);
    expect(iso(open[0])).toBe('2026-10-25T00:10:00.000Z');
  });

  it('go on where a start meets a stop', () => {
    const always = schedule('UTC', ['0 8 * * *', '0 8 * * *']);
    expect(isOpen(always, at('2026-01-05T08:00:00Z'))).toBe(true);
    expect(isOpen(always, at('2026-01-06T07:59:00Z'))).toBe(true);
  });

  it('know a day that a zone left out', () => {
    const samoa = schedule('Pacific/Apia', ['0 12 30 12 *', '0 12 31 12 *']);
    expect(isOpen(samoa, at('2011-12-30T09:59:59Z'))).toBe(false);
    expect(isOpen(samoa, at('2011-12-30T10:00:00Z'))).toBe(true);
    expect(isOpen(samoa, at('2011-12-30T22:00:00Z'))).toBe(false);
  });

  it('come to an end of looking where starts never change anything', () => {
    const busy = schedule('UTC', ['* * * * *', '0 0 29 2 *']);
    const state = windowState(busy, at('2026-01-05T08:00:00Z'));
    expect(state).toMatchObject({ isOpen: true, isChange: false });
    expect(state.holdsUntilMs).toBeGreaterThan(at('2026-01-05T16:00:00Z'));
  });

  it('find the next leap day', () => {
    const leap = schedule('UTC', ['0 0 29 2 *', '0 0 1 3 *']);
    expect(iso(nextOpeningMs(leap, at('2096-03-02T00:00:00Z')))).toBe('2104-02-29T00:00:00.000Z');
  });

  it('are what a walk through every minute finds, whatever the clocks do', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'UTC'];
    const changes = ['2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01', '2026-04-05', '2026-10-04', '2011-12-30'];
    const minute = fc.constantFrom('0', '30', '*/20', '5,50', '59');
    const hour = fc.constantFrom('0', '1', '2', '3', '*/3', '22-2', '23', '*');
    const rest = fc.constantFrom('* * *', '* * sun', '* * sat,sun', '1-15 * *', '* oct-mar *', '*/2 * *');
    const cron = fc.tuple(minute, hour, rest).map((parts) => parts.join(' '));
    const window = fc.tuple(cron, cron);
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...changes),
        fc.array(window, { minLength: 1, maxLength: 2 }),
        (zone, day, windows) => {
          const plan = schedule(zone, ...windows);
          const fromMs = at(`${day}T00:00:00Z`) - DAY_MS;
          const walked = walk(plan, zone, fromMs - 9 * DAY_MS, fromMs, fromMs + 2.5 * DAY_MS);
          let next: number | undefined;
          let before: boolean | undefined;
          for (const [ms, isWalkedOpen] of walked) {
            // Windows whose boundaries lie before the walk began are no matter of it.
            if (isWalkedOpen === undefined) continue;
            if (before === undefined || isWalkedOpen !== before || ms % (7 * MINUTE_MS) === 0) {
              expect(isOpen(plan, ms), `${zone} ${windows.join(' | ')} ${iso(ms)}`).toBe(isWalkedOpen);
            }
            if (isWalkedOpen !== before) {
              if (before !== undefined && next !== undefined) expect(iso(next)).toBe(iso(ms));
              const state = windowState(plan, ms);
              next = state.isChange ? state.holdsUntilMs : undefined;
            }
            before = isWalkedOpen;
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);
});

function minutes(from: string, to: string): number[] {
  const all: number[] = [];
  for (let ms = at(from); ms < at(to); ms += MINUTE_MS) all.push(ms);
  return all;
}

/** Goes through the minutes one by one as a person with a local clock would; undefined until both boundaries of each window came. */
function* walk(
  { windows }: Schedule,
  zone: string,
  beginMs: number,
  fromMs: number,
  toMs: number,
): Generator<[number, boolean | undefined]> {
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const local = (ms: number) => Date.parse(`${clock.format(ms).replace(' ', 'T')}:00Z`) / MINUTE_MS;
  const marks = windows.map(() => ({ start: -1, stop: -1 }));
  let reached = local(beginMs);
  for (let ms = beginMs; ms < toMs; ms += MINUTE_MS) {
    for (const now = local(ms); reached < now; ) {
      reached += 1;
      windows.forEach((window, index) => {
        const mark = marks[index];
        if (mark === undefined) return;
        if (isNamed(window.stop.text, reached)) mark.stop = reached;
        if (isNamed(window.start.text, reached)) mark.start = reached;
      });
    }
    if (ms < fromMs) continue;
    const isKnown = marks.every(({ start, stop }) => start >= 0 && stop >= 0);
    yield [ms, isKnown ? marks.some(({ start, stop }) => start >= stop) : undefined];
  }
}

const NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MONTHS = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** The meaning of an expression once more, as naively as can be. */
function isNamed(text: string, localMinute: number): boolean {
  const date = new Date(localMinute * MINUTE_MS);
  const values = [
    [date.getUTCMinutes(), 0, 59],
    [date.getUTCHours(), 0, 23],
    [date.getUTCDate(), 1, 31],
    [date.getUTCMonth() + 1, 1, 12],
    [date.getUTCDay(), 0, 6],
  ] as const;
  return text.split(' ').every((field, index) => {
    const [value, low, high] = values[index] ?? [0, 0, 0];
    return field.split(',').some((part) => {
      const [range = '', step = '1'] = part.split('/');
      const ends = range === '*' ? [low, high] : range.split('-').map(numberOf);
      const [from = 0, to = from] = ends;
      const isIn = from <= to ? value >= from && value <= to : value >= from || value <= to;
      return isIn && (value - from) % Number(step) === 0;
    });
  });
}

function numberOf(word: string): number {
  if (NAMES.includes(word)) return NAMES.indexOf(word);
  return MONTHS.includes(word) ? MONTHS.indexOf(word) : Number(word);
}
