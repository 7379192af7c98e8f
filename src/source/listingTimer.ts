import type { Clock } from '../clock.ts';

/** Listings come no closer together than this, whoever asks for them. */
const COALESCE_MS = 100;

/** When to list next: the earliest moment that anybody asked for. */
export class ListingTimer {
  readonly #clock: Clock;
  readonly #list: () => void;
  #listedMs = Number.NEGATIVE_INFINITY;
  #next: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  #isStopped = false;

  constructor(clock: Clock, list: () => void) {
    this.#clock = clock;
    this.#list = list;
  }

  /** Lists now; `list` says when to do so again. */
  run(): void {
    this.#next?.cancel();
    this.#next = undefined;
    this.#listedMs = this.#clock.monotonicMs();
    this.#list();
  }

  after(delayMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    const dueMs = Math.max(nowMs + delayMs, this.#listedMs + COALESCE_MS);
    if (this.#isStopped || (this.#next !== undefined && this.#next.dueMs <= dueMs)) return;
    this.#next?.cancel();
    this.#next = { dueMs, cancel: this.#clock.after(dueMs - nowMs, () => this.run()) };
  }

  stop(): void {
    this.#isStopped = true;
    this.#next?.cancel();
  }
}

/** Between two listings of a directory that can't be watched. */
export const UNWATCHED_MS = 5_000;
const LOST_MS = 1_000;

/** How long until the next listing. `proofMs`: until an absence is proven; undefined: none waits for that. */
export function nextListingInMs(directory: {
  readonly isLost: boolean;
  readonly isWatched: boolean;
  readonly rescanMs: number;
  readonly proofMs: number | undefined;
}): number {
  const { isLost, isWatched, rescanMs, proofMs } = directory;
  if (isLost) return LOST_MS;
  const usualMs = isWatched ? rescanMs : Math.min(UNWATCHED_MS, rescanMs);
  return Math.min(usualMs, proofMs ?? usualMs);
}
