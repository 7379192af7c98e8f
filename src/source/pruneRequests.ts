/**
 * Takes a person's word on held removals. Files are the way, so `touch` does what the command line does.
 *
 * The directory can be written by the controller's own account alone, and lies below the runtime directory, so that
 * no word outlives the boot.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { errorCode, hasErrorCode, openPrivateDirectory, removeFile, writeFileAtomic } from '../store/files.ts';
import { formatPruneAnswer, isPruneDigest, pruneAnswerPath, pruneRequestDirectory } from './pruneFiles.ts';
import type { PruneAnswer } from './pruneRelease.ts';
import { type WatchDirectory, watchDirectory } from './watcher.ts';
import { WatchKeeper } from './watchKeeper.ts';

export interface PruneRequestsOptions {
  readonly runtimeDirectory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with the digest of each request, once. */
  release(digest: string): PruneAnswer;
  /** The rim, for tests. */
  readonly watch?: WatchDirectory;
}

export class PruneRequests {
  readonly #options: PruneRequestsOptions;
  readonly #directory: string;
  readonly #keeper: WatchKeeper;

  /**
   * Throws away what lies there: it was said to a controller that is no more, and can be said again.
   *
   * @throws {NodeJS.ErrnoException} where the directory can't be made
   */
  constructor(options: PruneRequestsOptions) {
    this.#options = options;
    this.#directory = pruneRequestDirectory(options.runtimeDirectory);
    openPrivateDirectory(this.#directory);
    for (const file of this.#list()) {
      if (isPruneDigest(file))
        options.log.warn({ digest: file }, 'a confirmation given to an earlier controller is void');
      this.#remove(join(this.#directory, file));
    }
    this.#keeper = new WatchKeeper({
      path: this.#directory,
      watch: options.watch ?? watchDirectory,
      clock: options.clock,
      log: options.log,
      hint: () => this.#look(),
      changed: () => this.#look(),
    });
  }

  /** Takes requests from now on: only once every source was listed does it show what is held. */
  start(): void {
    this.#keeper.build();
  }

  stop(): void {
    this.#keeper.stop();
  }

  #look(): void {
    for (const file of this.#list()) if (isPruneDigest(file)) this.#take(file);
  }

  #take(digest: string): void {
    const { log, release, runtimeDirectory } = this.#options;
    // First: a request that stays would count again for the same names another day.
    if (!this.#remove(join(this.#directory, digest))) return;
    const answer = release(digest);
    log.info({ digest, answer: answer.kind }, 'the removal of held servers was confirmed by a person');
    try {
      writeFileAtomic(pruneAnswerPath(runtimeDirectory, digest), formatPruneAnswer(answer), { mode: 0o600 });
    } catch (err) {
      log.warn({ err, digest }, 'the answer to a confirmation could not be written');
    }
  }

  #list(): readonly string[] {
    try {
      return readdirSync(this.#directory);
    } catch (err) {
      if (!hasErrorCode(err, 'ENOENT')) {
        this.#options.log.warn({ err, path: this.#directory }, 'confirmations cannot be read');
        return [];
      }
    }
    // Somebody took it away; the watch follows by itself.
    try {
      openPrivateDirectory(this.#directory);
    } catch (err) {
      this.#options.log.warn({ err, path: this.#directory }, 'the directory of confirmations cannot be made');
    }
    return [];
  }

  /** False: it may still be there. */
  #remove(path: string): boolean {
    try {
      removeFile(path);
      return true;
    } catch (err) {
      this.#options.log.warn({ err, path, reason: errorCode(err) }, 'a confirmation could not be taken');
      return false;
    }
  }
}
