/**
 * Time, as everything in hublet sees it: rooms that decide are given a clock and never ask the machine.
 *
 * Wall time is for people and files; deadlines and durations use the monotonic time, which no clock step moves.
 */
export interface Clock {
  /** Milliseconds since 1970, as the wall clock says; may jump either way. */
  wallMs(): number;
  /** Milliseconds since some fixed moment of this boot; never goes back (CLOCK_MONOTONIC). */
  monotonicMs(): number;
  /** Calls `fire` once, `delayMs` from now at the earliest. Returns a function that cancels it (safe to call twice). */
  after(delayMs: number, fire: () => void): () => void;
}
