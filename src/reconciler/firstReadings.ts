import type { Clock } from '../clock.ts';
import type { Starts } from './starts.ts';

/**
 * However many others start, nobody's limits stay unread for longer than this: half the time in which a changed one is set back.
 * A class of two hundred that logs on at once is up by then on a slow machine.
 */
const LONGEST_MS = 30_000;

export interface FirstReadingsOptions {
  readonly clock: Clock;
  readonly enqueue: (name: string) => void;
  readonly starts: Pick<Starts, 'hasLine' | 'isBusy'>;
}

/**
 * When what systemd has in force for a new run of our own is read: where others stand in line for their start, after all of them
 * are up.
 *
 * To tell all that it knows of a unit costs systemd a quarter of what starting one costs, and it does both one after the other.
 * What such a run was started with is known meanwhile.
 */
export class FirstReadings {
  readonly #options: FirstReadingsOptions;
  /** Runs that wait, by the name of their server. */
  readonly #waiting = new Map<string, string>();
  #cancel: (() => void) | undefined;

  constructor(options: FirstReadingsOptions) {
    this.#options = options;
  }

  /** Wakes those that wait where nobody is on the way up any more; asked after each change of that. */
  review(): void {
    if (this.#waiting.size > 0 && !this.#options.starts.isBusy()) this.#wake();
  }

  /** Whether a run of which nothing was read yet can be read later: then its server is looked at again when its turn has come. */
  mayWait(name: string, invocationId: string): boolean {
    const { starts, clock } = this.#options;
    // Once some wait, the last of the line are not disturbed either.
    const isCrowded = starts.hasLine() || (this.#waiting.size > 0 && starts.isBusy());
    if (!isCrowded) return false;
    this.#waiting.set(name, invocationId);
    this.#cancel ??= clock.after(LONGEST_MS, () => this.#wake());
    return true;
  }

  /** Whether a run was told to wait and its turn has not come. */
  isWaiting(name: string, invocationId: string): boolean {
    return this.#waiting.get(name) === invocationId;
  }

  /** Nothing of the server is left, or somebody else looks after it. */
  forget(name: string): void {
    this.#waiting.delete(name);
    this.review();
  }

  #wake(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const names = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const name of names) this.#options.enqueue(name);
  }
}
