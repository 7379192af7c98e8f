/** Windows of time in which a server may run: whether one is open, and when that changes. A pure function of moment and zone. */
import { type Cron, lastMinute, nextMinute } from './cron.ts';
import { localMinute, machineZone, momentOf } from './zone.ts';

/** From a moment of `start` to the next one of `stop`. */
export interface Window {
  readonly start: Cron;
  readonly stop: Cron;
}

export interface Schedule {
  /** Absent: the machine's. */
  readonly timeZone?: string;
  /** At least one. */
  readonly windows: readonly Window[];
  /** What becomes of a server that runs when its window closes. */
  readonly overrun: 'stop' | 'finish';
}

/** How it stands from a moment on. */
export interface WindowState {
  readonly isOpen: boolean;
  /** Until then nothing changes; undefined: never, as far as can be seen. */
  readonly holdsUntilMs: number | undefined;
  /** Whether it changes at that very moment; false: it is to be asked again then. */
  readonly isChange: boolean;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Boundaries looked through for a change: a start of `* * * * *` comes 1440 times a day and changes nothing. */
const MAX_BOUNDARIES = 500;

/**
 * Whether a window is open: of its boundaries up to now, the last in local time is a start.
 *
 * A boundary in an hour that clocks skip counts at the moment they do, one in a doubled hour the first time. Where a start
 * and a stop fall on the same minute it goes on.
 */
export function isOpen({ windows, timeZone = machineZone() }: Schedule, nowMs: number): boolean {
  return windows.some(({ start, stop }) => {
    const started = lastBoundary(start, timeZone, nowMs);
    const stopped = lastBoundary(stop, timeZone, nowMs);
    return started !== undefined && (stopped === undefined || started >= stopped);
  });
}

/** Whether a window is open, and for how long that holds. */
export function windowState(schedule: Schedule, nowMs: number): WindowState {
  const zone = schedule.timeZone ?? machineZone();
  const crons = schedule.windows.flatMap(({ start, stop }) => [start, stop]);
  const now = isOpen(schedule, nowMs);
  let atMs = nowMs;
  for (let count = 0; count < MAX_BOUNDARIES; count += 1) {
    const next = crons.map((cron) => nextBoundaryMs(cron, zone, atMs)).filter((ms) => ms !== undefined);
    if (next.length === 0) return { isOpen: now, holdsUntilMs: undefined, isChange: false };
    atMs = Math.min(...next);
    if (isOpen(schedule, atMs) !== now) return { isOpen: now, holdsUntilMs: atMs, isChange: true };
  }
  return { isOpen: now, holdsUntilMs: atMs, isChange: false };
}

/** When a closed window opens next, or an open one after it has closed; undefined: not as far as can be seen. */
export function nextOpeningMs(schedule: Schedule, nowMs: number): number | undefined {
  let state = windowState(schedule, nowMs);
  if (state.isOpen) {
    if (!state.isChange || state.holdsUntilMs === undefined) return undefined;
    state = windowState(schedule, state.holdsUntilMs);
  }
  return state.isChange ? state.holdsUntilMs : undefined;
}

/** The last local minute of a cron expression that has come by now. */
function lastBoundary(cron: Cron, zone: string, nowMs: number): number | undefined {
  // Where clocks were set back in the last day, local time has been farther than it is.
  const farthest = Math.max(localMinute(zone, nowMs), localMinute(zone, nowMs - DAY_MS) + DAY_MS / MINUTE_MS);
  let minute = lastMinute(cron, farthest);
  while (minute !== undefined && momentOf(zone, minute) > nowMs) minute = lastMinute(cron, minute - 1);
  return minute;
}

function nextBoundaryMs(cron: Cron, zone: string, nowMs: number): number | undefined {
  let minute = nextMinute(cron, localMinute(zone, nowMs));
  while (minute !== undefined) {
    const atMs = momentOf(zone, minute);
    if (atMs > nowMs) return atMs;
    minute = nextMinute(cron, minute);
  }
  return undefined;
}
