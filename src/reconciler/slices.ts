import type { Clock } from '../clock.ts';

/** Work on a thousand things that lets others have their turn now and then. */
export class Slices {
  readonly #clock: Clock;
  readonly #sliceMs: number;
  #sinceMs: number;

  constructor(clock: Clock, sliceMs: number) {
    this.#clock = clock;
    this.#sliceMs = sliceMs;
    this.#sinceMs = clock.monotonicMs();
  }

  /** Undefined while there is time left; else what to wait for before the next thing. */
  pause(): Promise<void> | undefined {
    if (this.#clock.monotonicMs() - this.#sinceMs < this.#sliceMs) return undefined;
    return new Promise((resolve) => {
      this.#clock.after(0, () => {
        this.#sinceMs = this.#clock.monotonicMs();
        resolve();
      });
    });
  }
}
