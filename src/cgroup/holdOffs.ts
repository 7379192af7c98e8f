import type { Clock } from '../clock.ts';

/** Lets something that is asked for very often, for each key by itself, happen at once and then at most once in a while. */
export class HoldOffs {
  readonly #clock: Clock;
  readonly #holdOffMs: number;
  readonly #held = new Map<string, { again: (() => void) | undefined; readonly cancel: () => void }>();

  constructor(clock: Clock, holdOffMs: number) {
    this.#clock = clock;
    this.#holdOffMs = holdOffMs;
  }

  /** Calls `act` at once; or, where this key was acted on a moment ago, once when that is over, however often it is asked for. */
  run(key: string, act: () => void): void {
    const held = this.#held.get(key);
    if (held !== undefined) {
      held.again = act;
      return;
    }
    const cancel = this.#clock.after(this.#holdOffMs, () => {
      const again = this.#held.get(key)?.again;
      this.#held.delete(key);
      if (again !== undefined) this.run(key, again);
    });
    this.#held.set(key, { again: undefined, cancel });
    act();
  }

  /** What is still to come for the key doesn't. */
  cancel(key: string): void {
    this.#held.get(key)?.cancel();
    this.#held.delete(key);
  }

  cancelAll(): void {
    for (const key of [...this.#held.keys()]) this.cancel(key);
  }
}
