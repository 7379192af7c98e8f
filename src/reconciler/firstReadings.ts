import type { Clock } from '../clock.ts';

/** On its way up, or waiting for a place to start in; neither. */
export type StartState = 'starting' | 'inLine' | 'none';

/** However many others start, nobody's limits stay unread for longer than this. */
const LONGEST_MS = 10_000;

/**
 * When what systemd has in force for a new run of our own is read: where others stand in line for their start, after all of them
 * are up.
 *
 * To tell all that it knows of a unit costs systemd a quarter of what starting one costs, and it does both one after the other.
 * What such a run was started with is known meanwhile.
 */
export class FirstReadings {
  readonly #clock: Clock;
  readonly #enqueue: (name: string) => void;
  /** Those on their way up or in line. */
  readonly #starting = new Set<string>();
  readonly #inLine = new Set<string>();
  /** Runs that wait, by the name of their server. */
  readonly #waiting = new Map<string, string>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, enqueue: (name: string) => void) {
    this.#clock = clock;
    this.#enqueue = enqueue;
  }

  /** Takes note of where a server is; the last on its way wakes those that wait. */
  note(name: string, state: StartState): void {
    if (state === 'inLine') this.#inLine.add(name);
    else this.#inLine.delete(name);
    if (state !== 'none') this.#starting.add(name);
    else if (this.#starting.delete(name) && this.#starting.size === 0) this.#wake();
  }

  /** Whether a run of which nothing was read yet can be read later: then its server is looked at again when its turn has come. */
  mayWait(name: string, invocationId: string): boolean {
    // Once some wait, the last of the line are not disturbed either.
    const isCrowded = this.#inLine.size > 0 || (this.#waiting.size > 0 && this.#starting.size > 0);
    if (!isCrowded) return false;
    this.#waiting.set(name, invocationId);
    this.#cancel ??= this.#clock.after(LONGEST_MS, () => this.#wake());
    return true;
  }

  /** Whether a run was told to wait and its turn has not come. */
  isWaiting(name: string, invocationId: string): boolean {
    return this.#waiting.get(name) === invocationId;
  }

  /** Nothing of the server is left, or somebody else looks after it. */
  forget(name: string): void {
    this.#waiting.delete(name);
    this.note(name, 'none');
  }

  #wake(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const names = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const name of names) this.#enqueue(name);
  }
}
