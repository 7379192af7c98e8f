/** How long a server stays down between restarts, and when its failures are forgiven. Milliseconds throughout. */
export interface BackoffPolicy {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Ready for this long: the next failure counts as the first. */
  readonly resetAfterMs: number;
}

export const DEFAULT_BACKOFF: BackoffPolicy = { initialMs: 10_000, maxMs: 300_000, resetAfterMs: 600_000 };

/** Before hublet starts a server that somebody stopped by hand: time to read what happened, and no fight with a `systemctl restart`. */
export const UNEXPECTED_STOP_DELAY_MS = 5_000;

/** From this restart on a server counts as crash looping. */
export const CRASH_LOOP_RESTARTS = 3;

/**
 * The pause before the `restart`-th restart in a row (1 is the first).
 *
 * The first is at once; then `initialMs`, doubled each time up to `maxMs`, plus up to a tenth as `jitter` (0 to 1) says,
 * so that servers felled together don't return together. Never shrinks as `restart` grows, for the same jitter.
 */
export function backoffMs(policy: BackoffPolicy, restart: number, jitter: number): number {
  if (restart <= 1) return 0;
  // 2^30 times the initial pause is beyond any maximum: the exponent is capped to stay finite.
  const pauseMs = Math.min(policy.initialMs * 2 ** Math.min(restart - 2, 30), policy.maxMs);
  return Math.round(pauseMs * (1 + 0.1 * jitter));
}
