/** The last few good specs of every server, for whoever wants to go back to one. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, isoTime } from '../clock.ts';
import type { Log } from '../log.ts';
import { openPrivateDirectory, readFileIfPresent, removeFile, writeFileAtomic } from './files.ts';
import {
  DELETED_KEPT_MS,
  deletedPath,
  formatRevision,
  parseDeletedMs,
  parseRevision,
  REVISIONS_KEPT,
  type Revision,
  readRevisionFileName,
  revisionKey,
  revisionPath,
  revisionsDirectory,
} from './revisionFile.ts';
import { DiskSync } from './sync.ts';

export interface RevisionStoreOptions {
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests of full disks. */
  readonly write?: (path: string, text: string) => void;
}

/** What could not be written is tried again so often. */
const WRITE_AGAIN_MS = 5_000;
const SWEEP_MS = 3_600_000;

/**
 * `<state directory>/revisions`, 0700, a file of 0600 for each revision: written and renamed at once, on disk within a second.
 *
 * Nothing here ever keeps a spec from being accepted: what can't be written is told and tried again. The newest five
 * of a server stay; those of a deleted one for a week, so that a mistake can be undone.
 */
export class RevisionStore {
  readonly #options: RevisionStoreOptions;
  readonly #directory: string;
  readonly #sync: DiskSync;
  /** Numbers of the revisions there are, by key. */
  readonly #generations = new Map<string, Set<number>>();
  /** Wall time of the deletion, by key. */
  readonly #deletedMs = new Map<string, number>();
  /** Texts still to be written, by path. */
  readonly #unwritten = new Map<string, string>();
  #cancelRetry: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;

  /** Looks which there are; reads none. @throws {NodeJS.ErrnoException} where the state directory cannot be made or listed */
  constructor(options: RevisionStoreOptions) {
    this.#options = options;
    this.#directory = revisionsDirectory(options.stateDirectory);
    this.#sync = new DiskSync(this.#directory, options.clock, options.log);
    openPrivateDirectory(options.stateDirectory);
    openPrivateDirectory(this.#directory);
    for (const file of readdirSync(this.#directory)) this.#find(file);
    this.#sweep();
  }

  /** Number of the newest revision of a server, deleted or not; 0: none is kept. */
  latest(name: string): number {
    return Math.max(0, ...(this.#generations.get(revisionKey(name)) ?? []));
  }

  /** The newest revision under a key that can be read whole; undefined where there is none. */
  newestGood(key: string): Revision | undefined {
    for (const generation of [...(this.#generations.get(key) ?? [])].sort((a, b) => b - a)) {
      const path = revisionPath(this.#directory, key, generation);
      const revision = parseRevision(readFileIfPresent(path) ?? '', key, generation);
      if (revision !== undefined) return revision;
      this.#options.log.error({ path }, 'stored revision of a spec is damaged and passed over');
    }
    return undefined;
  }

  /** Keeps a revision, unless its number is kept already, and forgets the oldest beyond five. Never throws. */
  note(accepted: Omit<Revision, 'at'>): void {
    const key = revisionKey(accepted.name);
    if (this.#deletedMs.delete(key)) this.#removeFile(deletedPath(this.#directory, key));
    const generations = this.#generations.get(key) ?? new Set();
    if (generations.has(accepted.generation)) return;
    this.#generations.set(key, generations.add(accepted.generation));
    const at = isoTime(this.#options.clock.wallMs());
    this.#write(revisionPath(this.#directory, key, accepted.generation), formatRevision({ ...accepted, at }));
    const old = [...generations].sort((a, b) => b - a).slice(REVISIONS_KEPT);
    for (const generation of old) this.#removeRevision(key, generation);
  }

  /** The server was deleted: its revisions go, but not yet. Never throws. */
  markDeleted(name: string): void {
    const key = revisionKey(name);
    if (this.#generations.has(key)) this.#markDeleted(key);
  }

  /** Revisions of servers that are not among these begin to count as deleted ones. */
  keepOnly(names: Iterable<string>): void {
    const keys = new Set([...names].map(revisionKey));
    const left = [...this.#generations.keys()].filter((key) => !keys.has(key) && !this.#deletedMs.has(key));
    for (const key of left) this.#markDeleted(key);
  }

  /** Brings everything written to disk and stops timers. */
  close(): void {
    this.#cancelRetry?.();
    this.#cancelSweep?.();
    this.#cancelRetry = undefined;
    this.#cancelSweep = undefined;
    this.#sync.close();
  }

  #find(file: string): void {
    const found = readRevisionFileName(file);
    switch (found?.kind) {
      case 'revision':
        this.#generations.set(found.key, (this.#generations.get(found.key) ?? new Set()).add(found.generation));
        break;
      case 'deleted': {
        const deletedMs = parseDeletedMs(readFileIfPresent(join(this.#directory, file)) ?? '');
        if (deletedMs === undefined) this.#markDeleted(found.key);
        else this.#deletedMs.set(found.key, deletedMs);
        break;
      }
      case undefined:
        this.#options.log.warn(
          { path: join(this.#directory, file) },
          'this file is no revision of a spec and is left alone',
        );
    }
  }

  #markDeleted(key: string): void {
    const nowMs = this.#options.clock.wallMs();
    this.#deletedMs.set(key, nowMs);
    this.#write(deletedPath(this.#directory, key), `${Math.floor(nowMs)}\n`);
  }

  #sweep(): void {
    const { clock } = this.#options;
    const nowMs = clock.wallMs();
    for (const [key, deletedMs] of this.#deletedMs) {
      if (nowMs - deletedMs < DELETED_KEPT_MS) continue;
      for (const generation of this.#generations.get(key) ?? []) this.#removeRevision(key, generation);
      this.#generations.delete(key);
      this.#deletedMs.delete(key);
      // Last: as long as it is there, what a crash left of the others is found again.
      this.#removeFile(deletedPath(this.#directory, key));
    }
    this.#cancelSweep = clock.after(SWEEP_MS, () => this.#sweep());
  }

  #removeRevision(key: string, generation: number): void {
    this.#generations.get(key)?.delete(generation);
    this.#removeFile(revisionPath(this.#directory, key, generation));
  }

  #write(path: string, text: string): void {
    const write = this.#options.write ?? ((to, content) => writeFileAtomic(to, content, { mode: 0o600 }));
    try {
      write(path, text);
      this.#unwritten.delete(path);
      this.#sync.add(path);
    } catch (err) {
      if (!this.#unwritten.has(path)) this.#options.log.warn({ err, path }, 'revision of a spec could not be stored');
      this.#unwritten.set(path, text);
      this.#cancelRetry ??= this.#options.clock.after(WRITE_AGAIN_MS, () => {
        this.#cancelRetry = undefined;
        for (const [again, content] of [...this.#unwritten]) this.#write(again, content);
      });
    }
  }

  #removeFile(path: string): void {
    this.#unwritten.delete(path);
    try {
      removeFile(path);
      this.#sync.add(undefined);
    } catch (err) {
      this.#options.log.warn({ err, path }, 'stored revision of a spec could not be removed');
    }
  }
}
