import type { Clock } from '../clock.ts';

/** An answer is kept for this many times as long as it took to make: making it takes at most a tenth of all time. */
const REUSE_FACTOR = 9;

/**
 * Shares one answer between all who ask while it is being made, and for a moment after.
 *
 * Anybody on the host may ask as often as they like; this bounds what that costs the controller. What is quick to make is
 * made anew almost every time.
 * @returns what `make` resolves to; its rejection reaches all who wait and is not kept
 */
export function reused<T>(clock: Clock, make: () => Promise<T>): () => Promise<T> {
  let answer: { readonly value: Promise<T>; untilMs: number } | undefined;
  return () => {
    const startMs = clock.monotonicMs();
    if (answer !== undefined && startMs < answer.untilMs) return answer.value;
    const fresh = { value: make(), untilMs: Number.POSITIVE_INFINITY };
    answer = fresh;
    const done = (factor: number) => {
      const endMs = clock.monotonicMs();
      const keptMs = (endMs - startMs) * factor;
      fresh.untilMs = endMs + keptMs;
      // It may be megabytes.
      const forget = () => {
        if (answer === fresh) answer = undefined;
      };
      if (keptMs > 0) clock.after(keptMs, forget);
      else forget();
    };
    fresh.value.then(
      () => done(REUSE_FACTOR),
      () => done(0),
    );
    return fresh.value;
  };
}
