import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { SourceConfig } from '../config/types.ts';
import type { Log } from '../log.ts';
import { DirectorySource } from './directory.ts';
import { type LastGood, LastGoodStore } from './lastgood.ts';
import { SourceMemories } from './memory.ts';
import { SPEC_SUFFIX } from './names.ts';
import type { PruneRule } from './prune.ts';
import type { SpecParser } from './read.ts';
import { openSpecFolder, type SpecFolder } from './specFolder.ts';
import type { Source, SourceState, SpecRecord } from './types.ts';
import { type WatchDirectory, watchDirectory } from './watcher.ts';

export interface SourceSetOptions {
  readonly sources: readonly SourceConfig[];
  readonly stateDirectory: string;
  readonly bootId: string;
  readonly rescanMs: number;
  readonly parser: SpecParser;
  readonly clock: Clock;
  readonly log: Log;
  readonly prune?: PruneRule;
  /** The rim, for tests: by default chokidar, the file system, and an atomic write. */
  readonly watch?: WatchDirectory;
  readonly openFolder?: (config: SourceConfig) => SpecFolder;
  readonly writeLastGood?: (path: string, text: string) => void;
}

/**
 * Several directories as one source. A name belongs to the first that showed it, and stays there as long as a file of it is
 * there; then to the next that has one, without the server being deleted in between.
 */
export class SourceSet implements Source {
  readonly #options: SourceSetOptions;
  readonly #store: LastGoodStore;
  readonly #directories: readonly DirectorySource[];
  readonly #owners = new Map<string, DirectorySource>();
  readonly #listeners = new Set<(name: string | undefined) => void>();

  /** Reads what earlier controllers accepted. @throws {NodeJS.ErrnoException} where the state directory cannot be used */
  constructor(options: SourceSetOptions) {
    this.#options = options;
    const { stateDirectory, bootId, parser, clock, log, writeLastGood } = options;
    const write = writeLastGood === undefined ? {} : { write: writeLastGood };
    this.#store = new LastGoodStore({ stateDirectory, parser, clock, log, ...write });
    this.#store.on((name) => this.#emit(name));
    const memories = new SourceMemories(stateDirectory, bootId, log);
    this.#directories = options.sources.map((config) => this.#openDirectory(config, memories));
  }

  async start(): Promise<void> {
    const known = new Map<DirectorySource, LastGood[]>();
    for (const stored of this.#store.all()) {
      const owner = this.#homeOf(stored);
      if (owner === undefined) continue;
      this.#owners.set(stored.name, owner);
      const siblings = known.get(owner);
      if (siblings === undefined) known.set(owner, [stored]);
      else siblings.push(stored);
    }
    // One after the other: where two new files have the same name, the directory named first has it.
    for (const directory of this.#directories) await directory.start(known.get(directory) ?? []);
  }

  async stop(): Promise<void> {
    for (const directory of this.#directories) directory.stop();
    this.#store.close();
  }

  names(): readonly string[] {
    return this.#directories.flatMap((directory) => directory.names());
  }

  record(name: string): SpecRecord | undefined {
    const record = this.#owners.get(name)?.record(name);
    const duplicates = this.#directories.flatMap((directory) => directory.duplicateRefusal(name)?.message ?? []);
    if (record === undefined || duplicates.length === 0) return record;
    return { ...record, warnings: [...record.warnings, ...duplicates] };
  }

  forget(name: string): void {
    const owner = this.#owners.get(name);
    // It came back meanwhile: there is nothing to forget.
    if (owner?.record(name)?.isDeleted !== true) return;
    owner.drop(name);
    this.#owners.delete(name);
    this.#store.remove(name);
    this.#emit(name);
  }

  states(): readonly SourceState[] {
    return this.#directories.map((directory) => directory.state());
  }

  /** Lets the held removals go that this digest names. False: no source holds exactly those (any more). */
  releasePrune(digest: string): boolean {
    return this.#directories.some((directory) => directory.releasePrune(digest));
  }

  on(listener: (name: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #openDirectory(config: SourceConfig, memories: SourceMemories): DirectorySource {
    const { rescanMs, parser, clock, log, prune, watch = watchDirectory, openFolder } = this.#options;
    const folder = openFolder?.(config) ?? openSpecFolder(config.path, config.ownerUid, parser, clock);
    const directory: DirectorySource = new DirectorySource({
      config,
      rescanMs,
      ...(prune === undefined ? {} : { prune }),
      folder,
      watch,
      store: this.#store,
      memories,
      clock,
      log,
      claim: (name) => this.#claim(name, directory),
      isElsewhere: (name) => this.#directories.some((other) => other !== directory && other.shows(name)),
      changed: (name) => this.#changed(name, directory),
    });
    return directory;
  }

  #claim(name: string, directory: DirectorySource): string | undefined {
    const owner = this.#owners.get(name);
    if (owner === undefined) this.#owners.set(name, directory);
    return owner === undefined || owner === directory ? undefined : join(owner.path, name + SPEC_SUFFIX);
  }

  #changed(name: string | undefined, directory: DirectorySource): void {
    if (name !== undefined && this.#owners.get(name) === directory && !directory.has(name))
      this.#handOver(name, directory);
    this.#emit(name);
  }

  /** Gives a name whose file is gone to the next directory that shows one, if any. */
  #handOver(name: string, from: DirectorySource): void {
    const heir = this.#directories.find((other) => other !== from && other.shows(name));
    if (heir !== undefined) {
      this.#owners.set(name, heir);
      from.drop(name);
      heir.reconsider(name);
    } else if (from.record(name) === undefined) {
      // It was only claimed, by a file that went before it could be judged.
      this.#owners.delete(name);
    }
  }

  /** The directory that an accepted spec belongs to now. Undefined: there are no directories at all. */
  #homeOf({ name, source }: LastGood): DirectorySource | undefined {
    const home = this.#directories.find(({ path }) => path === source);
    if (home !== undefined) return home;
    // Its directory is no source any more. It may have moved; if not, its file is missing from the first one, and that is
    // subject to all that protects servers whose files vanish.
    const shows = ({ path }: DirectorySource) => existsSync(join(path, name + SPEC_SUFFIX));
    return this.#directories.find(shows) ?? this.#directories[0];
  }

  #emit(name: string | undefined): void {
    for (const listener of this.#listeners) listener(name);
  }
}
