import { type FSWatcher, watch } from 'node:fs';
import type { Clock } from '../clock.ts';

/** Time between two looks that no event asked for. */
const POLL_MS = 1_000;

/**
 * Wakes its reader when something in some directories may have changed.
 *
 * Events are hints. A directory that is missing, or that the kernel gives no watch for, is looked at every second.
 */
export class DirectoryWatch {
  readonly #paths: readonly string[];
  readonly #clock: Clock;
  readonly #watchers = new Map<string, FSWatcher>();
  #isChanged = false;
  #wake: (() => void) | undefined;

  constructor(paths: readonly string[], clock: Clock) {
    this.#paths = paths;
    this.#clock = clock;
    this.#open();
  }

  /** Resolves at the next change, or after a second, or when `timeoutMs` is over or the signal aborts; at once where a change is waiting. */
  async next(timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#open();
    if (!this.#isChanged && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const cancel = this.#clock.after(Math.min(POLL_MS, timeoutMs), resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      cancel();
      this.#wake = undefined;
    }
    this.#isChanged = false;
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #open(): void {
    for (const path of this.#paths) {
      if (this.#watchers.has(path)) continue;
      try {
        const watcher = watch(path, () => this.#change());
        watcher.on('error', () => this.#drop(path));
        this.#watchers.set(path, watcher);
      } catch (error) {
        // Without a watch (missing, no more watches, no permission to list) the poll goes on alone, and the next one tries again.
        if (!(error instanceof Error && 'syscall' in error)) throw error;
      }
    }
  }

  #drop(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
    this.#change();
  }

  #change(): void {
    this.#isChanged = true;
    this.#wake?.();
  }
}
