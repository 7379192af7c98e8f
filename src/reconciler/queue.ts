import type { Clock } from '../clock.ts';
import type { Instruments } from '../metrics/types.ts';
import { RankedNames } from './rankedNames.ts';

/** What a reconcile wants next: nothing until an event, another look after a while, or a retry with growing pauses. */
export type WorkResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'retry' };

/** Above any priority. */
const FIRST = Number.MAX_SAFE_INTEGER;
const RETRY_INITIAL_MS = 250;
const RETRY_MAX_MS = 60_000;

/**
 * The work queue: names of servers that need a look, as Kubernetes' controllers keep it.
 *
 * A name is never worked on twice at once; one that is added while it is worked on runs once more afterwards. What
 * changed is not carried along: whoever works on a name reads the present.
 */
export class WorkQueue {
  /** Waiting or to be run again, with the time it was added; in the order of work. */
  readonly #dirty = new RankedNames<number>();
  readonly #processing = new Set<string>();
  readonly #alarms = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  readonly #failures = new Map<string, number>();
  readonly #clock: Clock;
  readonly #instruments: Pick<Instruments, 'queueAdded' | 'queueRetried' | 'queueWaited' | 'workDone'>;
  readonly #concurrency: () => number;
  readonly #random: () => number;
  readonly #rank: (name: string) => number;
  readonly #work: (name: string) => Promise<WorkResult>;
  #isStopped = false;
  #isPumpDue = false;
  #idleWaiters: (() => void)[] = [];
  #lastProgressMs: number;

  constructor(options: {
    readonly clock: Clock;
    readonly instruments: Pick<Instruments, 'queueAdded' | 'queueRetried' | 'queueWaited' | 'workDone'>;
    /** Asked at each decision. */
    readonly concurrency: () => number;
    /** 0 to 1, for the jitter of retries. */
    readonly random: () => number;
    /** Names of a higher rank are looked at first, those of one in the order in which they came; asked when one is added. Absent: all alike. */
    readonly rank?: (name: string) => number;
    /** Must not throw: what failed is its result. */
    readonly work: (name: string) => Promise<WorkResult>;
  }) {
    this.#clock = options.clock;
    this.#instruments = options.instruments;
    this.#concurrency = options.concurrency;
    this.#random = options.random;
    this.#rank = options.rank ?? (() => 0);
    this.#work = options.work;
    this.#lastProgressMs = options.clock.monotonicMs();
  }

  /**
   * Asks for a look at `name` as soon as a worker is free.
   *
   * soon: when all that is added at one go is there, so that the highest in rank comes first. now: before this returns,
   * for what another event may overwrite. first: soon, before all others, whatever their rank.
   */
  add(name: string, when: 'soon' | 'now' | 'first' = 'soon'): void {
    if (this.#isStopped) return;
    this.#instruments.queueAdded();
    const rank = when === 'first' ? FIRST : this.#rank(name);
    if (!this.#dirty.add(name, rank, this.#clock.monotonicMs())) return;
    if (when === 'now') this.#pump();
    else this.#pumpSoon();
  }

  /** Nothing more comes that was to be added at one go: what waits for that need not. */
  allAdded(): void {
    if (!this.#isStopped) this.#pump();
  }

  /** Asks for a look not later than `afterMs` from now; an earlier wish stays. */
  addAfter(name: string, afterMs: number): void {
    if (this.#isStopped) return;
    const dueMs = this.#clock.monotonicMs() + Math.max(afterMs, 0);
    const present = this.#alarms.get(name);
    if (present !== undefined && present.dueMs <= dueMs) return;
    present?.cancel();
    const cancel = this.#clock.after(Math.max(afterMs, 0), () => {
      this.#alarms.delete(name);
      this.add(name);
    });
    this.#alarms.set(name, { dueMs, cancel });
  }

  /** Drops everything that is waiting for `name`. A look under way is not interrupted. */
  forget(name: string): void {
    this.#alarms.get(name)?.cancel();
    this.#alarms.delete(name);
    this.#failures.delete(name);
    this.#dirty.delete(name);
  }

  /** Names waiting for a worker. */
  depth(): number {
    return this.#dirty.size;
  }

  /** How long work has been waiting without any being done; 0 where none waits. The watchdog asks it. */
  stuckMs(): number {
    if (this.#dirty.size === 0) return 0;
    return this.#clock.monotonicMs() - this.#lastProgressMs;
  }

  /** Resolves when nothing waits and nothing is worked on; alarms may still be set. */
  async idle(): Promise<void> {
    if (this.#dirty.size === 0 && this.#processing.size === 0) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Takes no more work; resolves when what is under way is done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const alarm of this.#alarms.values()) alarm.cancel();
    this.#alarms.clear();
    this.#dirty.clear();
    await this.idle();
  }

  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      this.#pump();
      this.#tellIdle();
    });
  }

  #pump(): void {
    for (const [name, addedMs] of this.#dirty) {
      if (this.#processing.size >= this.#concurrency()) return;
      if (this.#processing.has(name)) continue;
      this.#dirty.delete(name);
      this.#processing.add(name);
      const startMs = this.#clock.monotonicMs();
      this.#instruments.queueWaited((startMs - addedMs) / 1000);
      void this.#work(name).then((result) => this.#finish(name, startMs, result));
    }
  }

  #finish(name: string, startMs: number, result: WorkResult): void {
    this.#processing.delete(name);
    this.#lastProgressMs = this.#clock.monotonicMs();
    this.#instruments.workDone((this.#lastProgressMs - startMs) / 1000);
    switch (result.kind) {
      case 'done':
        this.#failures.delete(name);
        break;
      case 'again':
        this.#failures.delete(name);
        this.addAfter(name, result.afterMs);
        break;
      case 'retry': {
        const failures = this.#failures.get(name) ?? 0;
        this.#failures.set(name, failures + 1);
        this.#instruments.queueRetried();
        const pauseMs = Math.min(RETRY_INITIAL_MS * 2 ** Math.min(failures, 20), RETRY_MAX_MS);
        this.addAfter(name, pauseMs * (0.9 + 0.2 * this.#random()));
        break;
      }
    }
    this.#pump();
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#dirty.size > 0 || this.#processing.size > 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
