/** Keeps what the controller takes of memory near what it needs. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

export interface CompactorOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Resident memory of the process. */
  readonly rssBytes: () => number;
  /** Collects all garbage and gives empty pages back, at once. */
  readonly collect: () => void;
  /** Whether V8 shall collect often rather than take more memory. */
  readonly beSparing: (isSparing: boolean) => void;
}

/** A burst is over when so long no more than so many looks were had; there are always some. */
const QUIET_MS = 10_000;
const QUIET_LOOKS = 50;
/**
 * Less is not worth holding the loop for, which takes some 100 ms with a thousand servers: some hundred starts are that many looks,
 * three or four each.
 */
const WORTH_LOOKS = 400;
const WORTH_BYTES = 12 * 2 ** 20;

/**
 * Gives back what a burst of looks has left in the heap, once after it, and has V8 be sparing until the next.
 *
 * V8 collects when much more is allocated. After a burst of starts that may be hours away, and until then the host does without
 * a fifth of what the controller takes. In a burst that would cost up to a fifth of its processor time.
 */
export class HeapCompactor {
  readonly #options: CompactorOptions;
  #restBytes: number;
  /** Since the last collection. */
  #looks = 0;
  /** Of those, when the present wait for quiet began. */
  #looksBefore = 0;
  #isWaiting = false;
  #isSparing = false;
  #cancel: () => void = () => undefined;

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#restBytes = options.rssBytes();
  }

  /** A server was looked at. */
  note(): void {
    if (!this.#isWaiting) this.#waitForQuiet();
    this.#looks += 1;
    if (this.#looks - this.#looksBefore > QUIET_LOOKS) this.#beSparing(false);
  }

  stop(): void {
    this.#cancel();
  }

  #waitForQuiet(): void {
    this.#looksBefore = this.#looks;
    this.#isWaiting = true;
    this.#cancel = this.#options.clock.after(QUIET_MS, () => {
      this.#isWaiting = false;
      if (this.#looks - this.#looksBefore > QUIET_LOOKS) {
        this.#waitForQuiet();
        return;
      }
      this.#beSparing(true);
      if (this.#looks >= WORTH_LOOKS) this.#compact();
    });
  }

  #beSparing(isSparing: boolean): void {
    if (isSparing === this.#isSparing) return;
    this.#isSparing = isSparing;
    this.#options.beSparing(isSparing);
  }

  #compact(): void {
    const { clock, log, rssBytes, collect } = this.#options;
    const beforeBytes = rssBytes();
    if (beforeBytes - this.#restBytes < WORTH_BYTES) return;
    this.#looks = 0;
    const startMs = clock.monotonicMs();
    collect();
    this.#restBytes = rssBytes();
    const durationMs = clock.monotonicMs() - startMs;
    log.debug({ durationMs, beforeBytes, afterBytes: this.#restBytes }, 'gave memory back that a burst had taken');
  }
}

/**
 * Has V8 collect everything, and give empty pages back.
 *
 * The flag is set only now: compiled code that is kept on disk counts only under the flags that it was made with, so that
 * `node --expose-gc` would have all of it compiled once more.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/**
 * Has V8 collect earlier, keep no empty pages for later and leave what is new its smallest space, or do as by itself.
 *
 * With a thousand servers that are scraped each second the heap grows to 55 MB instead of 60, 5 MB of empty pages go back, and
 * memory swings by 8 MB instead of 13.
 * @see node --v8-options, `--optimize-for-size`, `--semi-space-growth-factor`
 */
export function spareMemory(isSparing: boolean): void {
  setFlagsFromString(isSparing ? '--optimize-for-size' : '--no-optimize-for-size');
  // One: it doesn't grow; two is V8's own.
  setFlagsFromString(`--semi-space-growth-factor=${isSparing ? 1 : 2}`);
}
