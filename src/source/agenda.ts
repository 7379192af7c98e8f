import type { Clock } from '../clock.ts';

/** A name that was just looked at is looked at again no sooner than this after. */
export const COALESCE_MS = 20;
/** So many looks at once; parsing thousands of files must not stop everything else. */
const BATCH = 32;
/**
 * Looks may take so long together before others have their turn, those of single hints too: the kernel tells of hundreds of
 * files in one turn of the event loop. A single look can take some hundred milliseconds where a file is made for that.
 */
const BATCH_MS = 50;

/**
 * When to look at which name: the first hint at once, later ones together.
 *
 * One timer for all names; `look` may ask for its own name again.
 */
export class Agenda {
  readonly #clock: Clock;
  readonly #look: (name: string) => void;
  readonly #onLooked: () => void;
  readonly #dueMs = new Map<string, number>();
  readonly #lookedMs = new Map<string, number>();
  #waiters: (() => void)[] = [];
  #cancel: (() => void) | undefined;
  #isDraining = false;
  #cancelTurn: (() => void) | undefined;
  /** Monotonic time for which the timer is set. */
  #armedForMs = Number.POSITIVE_INFINITY;
  /** What looks have taken since others last had their turn. */
  #spentMs = 0;

  /** @param onLooked called after each few looks that were had at one go; absent: nobody asks */
  constructor(clock: Clock, look: (name: string) => void, onLooked: () => void = () => undefined) {
    this.#clock = clock;
    this.#look = look;
    this.#onLooked = onLooked;
  }

  /** Something may have happened to the name. */
  hint(name: string): void {
    this.hintAll([name]);
  }

  hintAll(names: Iterable<string>): void {
    const nowMs = this.#clock.monotonicMs();
    for (const name of names) {
      const lookedMs = this.#lookedMs.get(name);
      this.#bringForward(name, lookedMs === undefined ? nowMs : Math.max(nowMs, lookedMs + COALESCE_MS));
    }
    if (this.#spentMs < BATCH_MS) this.#drain();
    else if (!this.#isDraining) this.#schedule();
  }

  /** Look again after a while, unless a hint comes first. */
  again(name: string, delayMs: number): void {
    this.#bringForward(name, this.#clock.monotonicMs() + delayMs);
    if (!this.#isDraining) this.#schedule();
  }

  drop(name: string): void {
    this.#dueMs.delete(name);
    this.#lookedMs.delete(name);
  }

  /** Forgets all appointments; nothing is looked at until the next hint. */
  clear(): void {
    this.#dueMs.clear();
    this.#lookedMs.clear();
    this.#schedule();
    this.#cancelTurn?.();
    this.#cancelTurn = undefined;
    this.#tellWaiters();
  }

  /** Resolves as soon as no look is overdue. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#tellWaiters();
    });
  }

  #bringForward(name: string, dueMs: number): void {
    this.#dueMs.set(name, Math.min(dueMs, this.#dueMs.get(name) ?? dueMs));
  }

  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (const name of this.#overdue().slice(0, BATCH)) {
        if (this.#spentMs >= BATCH_MS) break;
        if (this.#dueMs.delete(name)) this.#lookAt(name);
      }
    } finally {
      this.#isDraining = false;
      this.#schedule();
      this.#onLooked();
      this.#tellWaiters();
    }
  }

  #lookAt(name: string): void {
    const startedMs = this.#clock.monotonicMs();
    this.#lookedMs.set(name, startedMs);
    try {
      this.#look(name);
    } finally {
      this.#spentMs += this.#clock.monotonicMs() - startedMs;
      // However long others' work takes that follows from it: a turn is over when the event loop has gone round.
      this.#cancelTurn ??= this.#clock.after(0, () => {
        this.#cancelTurn = undefined;
        this.#spentMs = 0;
      });
    }
  }

  #overdue(): readonly string[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#dueMs].filter(([, dueMs]) => dueMs <= nowMs).map(([name]) => name);
  }

  #schedule(): void {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const ms of this.#dueMs.values()) dueMs = Math.min(dueMs, ms);
    if (dueMs === this.#armedForMs) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedForMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#cancel = this.#clock.after(Math.max(0, dueMs - this.#clock.monotonicMs()), () => {
      this.#armedForMs = Number.POSITIVE_INFINITY;
      this.#spentMs = 0;
      this.#drain();
    });
  }

  #tellWaiters(): void {
    if (this.#waiters.length === 0 || this.#overdue().length > 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const tell of waiters) tell();
  }
}
