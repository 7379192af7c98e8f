/** The last accepted content of every spec, in memory and on disk: what goes on running whatever becomes of the file. */

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ServerDocument } from '../spec/schema.ts';
import { sha256Hex } from '../store/digest.ts';
import { errorCode, openPrivateDirectory, readFileIfPresent, removeFile, writeFileAtomic } from '../store/files.ts';
import { RevisionStore } from '../store/revisions.ts';
import { DiskSync } from '../store/sync.ts';
import { formatLastGood, parseLastGood, type StoredSpec } from './lastgoodFile.ts';
import type { SpecParser } from './read.ts';

export interface LastGood extends StoredSpec {
  /** Undefined where this version of hublet refuses the stored text. */
  readonly document: ServerDocument | undefined;
}

export interface LastGoodOptions {
  readonly stateDirectory: string;
  readonly parser: SpecParser;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests of full disks. */
  readonly write?: (path: string, text: string) => void;
}

/** A spec that could not be stored is tried again so often. */
const SAVE_AGAIN_MS = 5_000;

/**
 * `<state directory>/specs/<sha256 of the name>.json`, 0600: written and renamed before `put` returns, on disk within a second.
 *
 * A file that is cut off or altered is reported and never read as good: the newest revision counts in its place.
 */
export class LastGoodStore {
  readonly #directory: string;
  readonly #options: LastGoodOptions;
  readonly #sync: DiskSync;
  readonly #revisions: RevisionStore;
  readonly #entries = new Map<string, LastGood>();
  readonly #unsaved = new Map<string, string>();
  readonly #listeners = new Set<(name: string) => void>();
  /** Specs that no revision was made of yet, in the order in which they were accepted. */
  readonly #unnoted: LastGood[] = [];
  #cancelRetry: (() => void) | undefined;
  #cancelNote: (() => void) | undefined;

  /** Reads what is stored. @throws {NodeJS.ErrnoException} where the state directory cannot be made or listed */
  constructor(options: LastGoodOptions) {
    this.#options = options;
    this.#directory = join(options.stateDirectory, 'specs');
    this.#sync = new DiskSync(this.#directory, options.clock, options.log);
    openPrivateDirectory(options.stateDirectory);
    openPrivateDirectory(this.#directory);
    const { stateDirectory, clock, log } = options;
    this.#revisions = new RevisionStore({ stateDirectory, clock, log });
    for (const file of readdirSync(this.#directory)) this.#load(join(this.#directory, file));
    this.#revisions.keepOnly(this.#entries.keys());
  }

  /** Undefined: no spec of that name was ever accepted, or it was removed. */
  get(name: string): LastGood | undefined {
    return this.#entries.get(name);
  }

  /** Generation of the newest spec of that name, also where its server was deleted lately; 0: none is known. */
  latestGeneration(name: string): number {
    return Math.max(this.#entries.get(name)?.generation ?? 0, this.#revisions.latest(name));
  }

  all(): readonly LastGood[] {
    return [...this.#entries.values()];
  }

  /** Why what is in memory is not on disk; undefined where it is. */
  unsavedReason(name: string): string | undefined {
    return this.#unsaved.get(name);
  }

  /** Called with a name when `unsavedReason` of it changed by itself. */
  on(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Never throws: what cannot be written is kept in memory and tried again. */
  put(entry: LastGood): void {
    this.#entries.set(entry.name, entry);
    this.#save(entry);
    // A moment later, as no start is to wait for it. A crash in between costs nothing: what is read back is noted then.
    this.#unnoted.push(entry);
    this.#cancelNote ??= this.#options.clock.after(0, () => this.#note());
  }

  /** Its revisions stay for a while. */
  remove(name: string): void {
    if (!this.#entries.delete(name)) return;
    this.#note();
    this.#revisions.markDeleted(name);
    this.#unsaved.delete(name);
    try {
      removeFile(this.#path(name));
      this.#sync.add(undefined);
    } catch (err) {
      this.#options.log.warn({ server: name, err }, 'stored spec of a deleted server could not be removed');
    }
  }

  /** Brings everything written to disk and stops timers. */
  close(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#note();
    this.#revisions.close();
    this.#sync.close();
  }

  #save(entry: LastGood): void {
    const path = this.#path(entry.name);
    const write = this.#options.write ?? ((to, text) => writeFileAtomic(to, text, { mode: 0o600 }));
    try {
      write(path, formatLastGood(entry));
      this.#unsaved.delete(entry.name);
      this.#sync.add(path);
    } catch (err) {
      if (!this.#unsaved.has(entry.name)) {
        this.#options.log.error({ server: entry.name, err, path }, 'accepted spec could not be stored');
      }
      this.#unsaved.set(entry.name, `${path} could not be written (${errorCode(err)})`);
      this.#cancelRetry ??= this.#options.clock.after(SAVE_AGAIN_MS, () => this.#saveAgain());
    }
  }

  #note(): void {
    this.#cancelNote?.();
    this.#cancelNote = undefined;
    for (const entry of this.#unnoted.splice(0)) this.#revisions.note(entry);
  }

  #saveAgain(): void {
    this.#cancelRetry = undefined;
    for (const name of [...this.#unsaved.keys()]) {
      const entry = this.#entries.get(name);
      if (entry !== undefined) this.#save(entry);
      if (!this.#unsaved.has(name)) for (const listener of this.#listeners) listener(name);
    }
  }

  #load(path: string): void {
    const text = readFileIfPresent(path);
    let stored: StoredSpec | undefined = text === undefined ? undefined : parseLastGood(text);
    const { log, parser } = this.#options;
    if (stored === undefined || this.#path(stored.name) !== path) {
      stored = this.#revisions.newestGood(basename(path, '.json'));
      const instead = stored === undefined ? 'the spec file itself counts' : 'its newest revision counts';
      log.error({ path }, `stored spec is damaged and ignored; ${instead}`);
      if (stored === undefined) return;
    }
    this.#revisions.note(stored);
    const parsed = parser.parse(stored.text, stored.name);
    if (parsed.kind === 'valid') {
      // What counts as equal may differ between versions, so the stored form is not compared with.
      this.#entries.set(stored.name, { ...stored, canonical: parsed.canonical, document: parsed.document });
      return;
    }
    const { code, line, column } = parsed.kind === 'invalid' ? parsed.problems[0] : parsed.problem;
    log.error({ server: stored.name, path, reason: code, line, column }, 'stored spec is not valid in this version');
    this.#entries.set(stored.name, { ...stored, document: undefined });
  }

  #path(name: string): string {
    return join(this.#directory, `${sha256Hex(name)}.json`);
  }
}
