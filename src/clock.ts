/**
 * Time, as everything in hublet sees it: rooms that decide are given a clock and never ask the machine.
 *
 * Wall time is for people and files; deadlines and durations use the monotonic time, which no clock step moves.
 */
export interface Clock {
  /** Milliseconds since 1970, as the wall clock says; may jump either way. */
  wallMs(): number;
  /** Milliseconds since some fixed moment of this boot, the same for every process; never goes back (CLOCK_MONOTONIC). */
  monotonicMs(): number;
  /** Calls `fire` once, `delayMs` from now at the earliest. Returns a function that cancels it (safe to call twice). */
  after(delayMs: number, fire: () => void): () => void;
}

/** The machine's own clock. Timers are limited to 24 days by Node, so longer ones fire early and whoever set them looks again. */
export function createSystemClock(): Clock {
  const longestMs = 2 ** 31 - 1;
  // Both are CLOCK_MONOTONIC, the one since boot and the other, which makes no bigint at each question, since this process began.
  const beganMs = Number(process.hrtime.bigint() / 1000n) / 1000 - performance.now();
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => beganMs + performance.now(),
    after(delayMs, fire) {
      if (delayMs <= 0) {
        // Timers that each set another for now come due one after the other, and nothing that has arrived is read between them.
        const immediate = setImmediate(fire);
        return () => clearImmediate(immediate);
      }
      const timer = setTimeout(fire, Math.min(Math.max(delayMs, 0), longestMs));
      return () => clearTimeout(timer);
    },
  };
}

/** A wall time as ISO 8601 in UTC with milliseconds, as status files and events have it. */
export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
