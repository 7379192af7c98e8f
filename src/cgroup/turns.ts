import type { Clock } from '../clock.ts';

export interface TurnsOptions {
  readonly clock: Clock;
  /** From the start of one pass over all names to that of the next. */
  readonly periodMs: number;
  /** How long readings may hold the loop at a time; one reading is never cut. */
  readonly sliceMs: number;
  /** Names as they are now; those that come and go meanwhile are in it or not, as a Map's keys are. */
  readonly names: () => Iterator<string, undefined>;
  readonly read: (name: string, nowMs: number) => void;
  /** When a name was read last, whoever did it: one that was since its pass began is left out. */
  readonly readAtMs: (name: string) => number;
  /** A pass is over, which took so long from its first reading to its last. */
  readonly passed: (tookMs: number) => void;
}

/** Whose reading comes next: those that are due first, then pass after pass over all, in slices. */
export class Turns {
  readonly #options: TurnsOptions;
  /** Read before those of the pass, in order. */
  readonly #due = new Set<string>();
  /** The one that is under way, with the names that are still to come. */
  #pass: { readonly startedMs: number; readonly names: Iterator<string, undefined> } | undefined;
  #isRunning = false;
  #cancelSlice: (() => void) | undefined;
  #cancelPass: (() => void) | undefined;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#beginPass();
  }

  /** What is due stays so for the next start. */
  stop(): void {
    this.#isRunning = false;
    this.#cancelSlice?.();
    this.#cancelPass?.();
    this.#cancelSlice = undefined;
  }

  /** Has it read before all that wait for the pass. */
  soon(name: string): void {
    this.#due.add(name);
    this.#wake();
  }

  /** It is not due any more. */
  drop(name: string): void {
    this.#due.delete(name);
  }

  #beginPass(): void {
    this.#pass = { startedMs: this.#options.clock.monotonicMs(), names: this.#options.names() };
    this.#wake();
  }

  #endPass(startedMs: number): void {
    const { clock, periodMs, passed } = this.#options;
    const tookMs = clock.monotonicMs() - startedMs;
    this.#pass = undefined;
    passed(tookMs);
    this.#cancelPass = clock.after(Math.max(0, periodMs - tookMs), () => this.#beginPass());
  }

  #wake(): void {
    if (!this.#isRunning || this.#cancelSlice !== undefined) return;
    this.#cancelSlice = this.#options.clock.after(0, () => {
      this.#cancelSlice = undefined;
      this.#readSlice();
    });
  }

  #readSlice(): void {
    const { clock, sliceMs, read, readAtMs } = this.#options;
    let nowMs = clock.monotonicMs();
    const untilMs = nowMs + sliceMs;
    for (const name of this.#due) {
      this.#due.delete(name);
      read(name, nowMs);
      nowMs = clock.monotonicMs();
      if (nowMs >= untilMs) {
        this.#wake();
        return;
      }
    }
    const pass = this.#pass;
    if (pass === undefined) return;
    for (let { value } = pass.names.next(); value !== undefined; { value } = pass.names.next()) {
      if (readAtMs(value) >= pass.startedMs) continue;
      read(value, nowMs);
      nowMs = clock.monotonicMs();
      if (nowMs >= untilMs) {
        this.#wake();
        return;
      }
    }
    this.#endPass(pass.startedMs);
  }
}
