import type { Clock } from '../../src/clock.ts';

/** A clock that stands still until `advance` moves it; timers fire in order of their due time. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 1_000;
  #timers = new Set<{ readonly dueMs: number; readonly fire: () => void }>();

  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = wallMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, fire: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + delayMs, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are set: what is kept for ever shows here. */
  timers(): number {
    return this.#timers.size;
  }

  /** Due time of the earliest timer, monotonic; undefined where none is set. */
  nextDueMs(): number | undefined {
    const due = [...this.#timers].map((timer) => timer.dueMs);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Moves both times on, firing each timer at its own moment; timers set meanwhile count too. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms;
    for (;;) {
      const next = [...this.#timers].filter((timer) => timer.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#move(Math.max(next.dueMs, this.#monotonicMs));
      next.fire();
    }
    this.#move(endMs);
  }

  /** A step of the wall clock alone, as `date -s` makes it. */
  stepWall(ms: number): void {
    this.#wallMs += ms;
  }

  #move(toMs: number): void {
    this.#wallMs += toMs - this.#monotonicMs;
    this.#monotonicMs = toMs;
  }
}
