import { closeSync, constants, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { hasErrorCode, syncPath } from './files.ts';

/** How long writes are gathered before they are forced to disk together; with the syncing itself, under a second. */
const GATHER_MS = 500;
const AGAIN_MS = 5_000;

const synced = promisify(fsync);

/** Forces files of one directory to disk in the background, many at a time. */
export class DiskSync {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #paths = new Set<string>();
  #cancel: (() => void) | undefined;

  constructor(directory: string, clock: Clock, log: Log) {
    this.#directory = directory;
    this.#clock = clock;
    this.#log = log;
  }

  /** `path`: a file written anew; undefined: only names in the directory changed. */
  add(path: string | undefined): void {
    this.#paths.add(path ?? this.#directory);
    this.#schedule(GATHER_MS);
  }

  /** Syncs what is left, before it returns. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#paths.size === 0) return;
    for (const path of [...this.#paths, this.#directory]) {
      try {
        syncPath(path);
      } catch (err) {
        if (!hasErrorCode(err, 'ENOENT')) this.#complain(path, err);
      }
    }
    this.#paths.clear();
  }

  #schedule(delayMs: number): void {
    this.#cancel ??= this.#clock.after(delayMs, () => {
      this.#cancel = undefined;
      const paths = this.#paths;
      this.#paths = new Set();
      // Never rejects: each failure is logged and tried again.
      void this.#syncAll([...paths, this.#directory]);
    });
  }

  async #syncAll(paths: readonly string[]): Promise<void> {
    for (const path of new Set(paths)) {
      try {
        // Only this one call may take long; to have others made elsewhere too costs more than they do.
        const handle = openSync(path, constants.O_RDONLY);
        try {
          await synced(handle);
        } finally {
          closeSync(handle);
        }
      } catch (err) {
        // Removed meanwhile: nothing to sync but the directory, which comes last.
        if (hasErrorCode(err, 'ENOENT')) continue;
        this.#complain(path, err);
        this.#paths.add(path);
        this.#schedule(AGAIN_MS);
      }
    }
  }

  #complain(path: string, err: unknown): void {
    this.#log.error({ path, err }, 'stored state could not be synced to disk');
  }
}
