/** Limits that somebody sets again and again: setting them back each time would be a fight that nobody wins. Pure. */

/** Corrections of one property of one run. */
interface Flap {
  /** Monotonic times, the oldest first; those of the last 10 minutes and the last one. */
  readonly correctedAtMs: readonly number[];
  readonly isFlapping: boolean;
}

/** By systemd's name of the property; one that is not there was not corrected lately. */
export type Flaps = ReadonlyMap<string, Flap>;

export const NO_FLAPS: Flaps = new Map();

const WINDOW_MS = 600_000;
const MANY = 3;
const PAUSE_MS = 300_000;

/** A property was set back: the third time within 10 minutes makes it flap. */
export function afterCorrection(flaps: Flaps, property: string, nowMs: number): Flaps {
  const before = flaps.get(property);
  const correctedAtMs = [...recent(before?.correctedAtMs ?? [], nowMs), nowMs];
  const isFlapping = before?.isFlapping === true || correctedAtMs.length >= MANY;
  return new Map(flaps).set(property, { correctedAtMs, isFlapping });
}

/** Without those that it has been quiet about: as they should be, and not corrected for 10 minutes. `changed`: not as they should be now. */
export function withoutQuiet(flaps: Flaps, changed: ReadonlySet<string>, nowMs: number): Flaps {
  const kept = [...flaps].filter(
    ([property, { correctedAtMs }]) => changed.has(property) || recent(correctedAtMs, nowMs).length > 0,
  );
  return kept.length === flaps.size ? flaps : new Map(kept);
}

/** Whether it may be set back now: at once, and while it flaps 5 minutes after the last time. */
export function mayCorrect(flaps: Flaps, property: string, nowMs: number): boolean {
  const flap = flaps.get(property);
  return flap?.isFlapping !== true || nowMs - lastOf(flap) >= PAUSE_MS;
}

/** The properties that flap, by name; empty: none. */
export function flappingOf(flaps: Flaps): readonly string[] {
  return [...flaps].flatMap(([property, { isFlapping }]) => (isFlapping ? [property] : [])).sort();
}

/** Milliseconds after which time alone changes something about those that flap; undefined: never. */
export function flapsDueMs(flaps: Flaps, nowMs: number): number | undefined {
  const due = [...flaps.values()].flatMap((flap) => {
    if (!flap.isFlapping) return [];
    return [PAUSE_MS, WINDOW_MS].map((ms) => lastOf(flap) + ms - nowMs).filter((ms) => ms > 0);
  });
  return due.length === 0 ? undefined : Math.min(...due);
}

function recent(timesMs: readonly number[], nowMs: number): readonly number[] {
  return timesMs.filter((atMs) => nowMs - atMs < WINDOW_MS);
}

function lastOf({ correctedAtMs }: Flap): number {
  return correctedAtMs.at(-1) ?? Number.NEGATIVE_INFINITY;
}
