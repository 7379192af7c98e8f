import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { errorCode } from '../store/files.ts';
import type { WatchDirectory, Watcher } from './watcher.ts';

const REBUILD_MS = 1_000;
const REBUILD_LONGEST_MS = 20_000;

export interface WatchKeeperOptions {
  readonly path: string;
  readonly watch: WatchDirectory;
  readonly clock: Clock;
  readonly log: Log;
  hint(fileName: string | undefined): void;
  /** `isWatching` changed. */
  changed(): void;
  /** True: a directory that is not there needs no mention. Absent: false. */
  readonly isOptional?: boolean;
}

/** Keeps a watch on a directory, built anew whenever it fails. */
export class WatchKeeper {
  readonly #options: WatchKeeperOptions;
  #watcher: Watcher | undefined;
  #isReady = false;
  #failures = 0;
  #cancel: (() => void) | undefined;

  constructor(options: WatchKeeperOptions) {
    this.#options = options;
  }

  /** True while changes are reported as they happen. */
  get isWatching(): boolean {
    return this.#isReady;
  }

  /** Begins to watch, or watches the directory that is at the path now. */
  build(): void {
    this.stop();
    const { path, watch, hint } = this.#options;
    let watcher: Watcher | undefined;
    // Whatever a watcher says after it has been replaced is about another directory.
    const whenCurrent = (act: () => void) => {
      if (this.#watcher === watcher) act();
    };
    try {
      watcher = watch(path, {
        ready: () => whenCurrent(() => this.#ready()),
        hint: (fileName) => whenCurrent(() => hint(fileName)),
        failed: (error) => whenCurrent(() => this.#fail(error)),
      });
      this.#watcher = watcher;
    } catch (error) {
      this.#fail(error);
    }
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#isReady = false;
    const { path, log } = this.#options;
    this.#watcher?.close().catch((err) => log.warn({ source: path, err }, 'a watch could not be closed'));
    this.#watcher = undefined;
  }

  #ready(): void {
    this.#isReady = true;
    if (this.#failures > 0 && this.#options.isOptional !== true)
      this.#options.log.info({ source: this.#options.path }, 'watching the directory again');
    this.#failures = 0;
    this.#options.changed();
  }

  #fail(err: unknown): void {
    const { path, log, clock, changed, isOptional } = this.#options;
    this.stop();
    const isExpected = isOptional === true && errorCode(err) === 'ENOENT';
    if (this.#failures === 0 && !isExpected)
      log.warn({ source: path, err }, 'directory cannot be watched, listing it more often');
    const delayMs = Math.min(REBUILD_MS * 2 ** this.#failures, REBUILD_LONGEST_MS);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#cancel = clock.after(delayMs, () => this.build());
    changed();
  }
}
