/** Local time of a time zone and back, over changes of its offset in either direction. Pure: the rules come with Node (ICU). */

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Zones lie between 12 hours behind and 14 before UTC. */
const FARTHEST_BEHIND_MS = 13 * HOUR_MS;
const FARTHEST_AHEAD_MS = 15 * HOUR_MS;

const QUARTER_MS = 15 * MINUTE_MS;
/** Asking ICU takes microseconds, and one look at a schedule asks hundreds of times. */
const MAX_KNOWN_OFFSETS = 10_000;

interface ZoneRules {
  readonly format: Intl.DateTimeFormat;
  /** By quarters of an hour since 1970. */
  readonly offsets: Map<number, number>;
}

const rules = new Map<string, ZoneRules>();

/** Whether Node knows the zone: a name of the IANA database such as Europe/Berlin, or UTC. */
export function isTimeZone(zone: string): boolean {
  try {
    rulesOf(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The zone of this machine. */
export function machineZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The local minute at a moment, counted from 1970-01-01 00:00 local; a doubled hour goes through the same ones twice. */
export function localMinute(zone: string, atMs: number): number {
  return Math.floor((atMs + offsetMs(zone, atMs)) / MINUTE_MS);
}

/**
 * The moment at which a local minute begins: the first of two where clocks are set back, and where they are set forward
 * over it, the moment of that. Never earlier for a later minute.
 */
export function momentOf(zone: string, minute: number): number {
  const localMs = minute * MINUTE_MS;
  const before = offsetMs(zone, localMs - FARTHEST_AHEAD_MS);
  const after = offsetMs(zone, localMs + FARTHEST_BEHIND_MS);
  const early = localMs - before;
  if (before === after || offsetMs(zone, early) === before) return early;
  const late = localMs - after;
  return offsetMs(zone, late) === after ? late : changeBetween(zone, late, early, before);
}

/** What local time is ahead of UTC at a moment; clocks are changed at whole quarters of an hour. */
function offsetMs(zone: string, atMs: number): number {
  const { format, offsets } = rulesOf(zone);
  const quarter = Math.floor(atMs / QUARTER_MS);
  const known = offsets.get(quarter);
  if (known !== undefined) return known;
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(quarter * QUARTER_MS)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const offset = Date.UTC(year, month - 1, day, hour, minute, second) - quarter * QUARTER_MS;
  if (offsets.size >= MAX_KNOWN_OFFSETS) offsets.clear();
  offsets.set(quarter, offset);
  return offset;
}

/** The moment between two at which the offset stops being `before`. */
function changeBetween(zone: string, fromMs: number, toMs: number, before: number): number {
  let [low, high] = [fromMs, toMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(zone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

function rulesOf(zone: string): ZoneRules {
  const known = rules.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const own = { format, offsets: new Map<number, number>() };
  rules.set(zone, own);
  return own;
}
