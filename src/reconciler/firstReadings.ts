import type { Clock } from '../clock.ts';
import type { Starts } from './starts.ts';

/** So many on their way at once are a crowd: specs come faster than starts are done, whether or not any stands in line. */
const CROWD = 3;
/** Between two starts of a crowd nobody may be on the way for a moment. */
const REST_MS = 500;
/**
 * However many others start, nobody's limits stay unread for longer than this: half the time in which a changed one is set back.
 * A class of two hundred that logs on at once is up by then on a slow machine.
 */
const LONGEST_MS = 30_000;

export interface FirstReadingsOptions {
  readonly clock: Clock;
  readonly enqueue: (name: string) => void;
  readonly starts: Pick<Starts, 'hasLine' | 'onTheWay'>;
}

/**
 * When what systemd has in force for a new run of our own is read: where many others are started, after all of them are up.
 *
 * To tell all that it knows of a unit costs systemd a quarter of what starting one costs, and it does both one after the other.
 * What such a run was started with is known meanwhile, and its kills for memory are told.
 */
export class FirstReadings {
  readonly #options: FirstReadingsOptions;
  /** Runs that wait, by the name of their server. */
  readonly #waiting = new Map<string, string>();
  #cancel: (() => void) | undefined;
  #cancelRest: (() => void) | undefined;

  constructor(options: FirstReadingsOptions) {
    this.#options = options;
  }

  /** Wakes those that wait once nobody has been on the way up for a moment; asked after each change of that. */
  review(): void {
    if (this.#waiting.size === 0 || this.#isBusy()) {
      this.#cancelRest?.();
      this.#cancelRest = undefined;
    } else this.#cancelRest ??= this.#options.clock.after(REST_MS, () => this.#wake());
  }

  /** Whether a run of which nothing was read yet can be read later: then its server is looked at again when its turn has come. */
  mayWait(name: string, invocationId: string): boolean {
    const { starts, clock } = this.#options;
    // Once some wait, the last of the crowd are not disturbed either.
    if (!starts.hasLine() && starts.onTheWay() < CROWD && this.#waiting.size === 0) return false;
    this.#waiting.set(name, invocationId);
    this.#cancel ??= clock.after(LONGEST_MS, () => this.#wake());
    this.review();
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

  #isBusy(): boolean {
    const { starts } = this.#options;
    return starts.hasLine() || starts.onTheWay() > 0;
  }

  #wake(): void {
    for (const cancel of [this.#cancel, this.#cancelRest]) cancel?.();
    this.#cancel = undefined;
    this.#cancelRest = undefined;
    const names = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const name of names) this.#options.enqueue(name);
  }
}
