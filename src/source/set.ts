import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { SourceDirectory } from '../config/types.ts';
import type { Log } from '../log.ts';
import { DirectorySource } from './directory.ts';
import { type LastGood, LastGoodStore } from './lastgood.ts';
import { SourceMemories } from './memory.ts';
import { SPEC_SUFFIX } from './names.ts';
import type { PruneRule } from './prune.ts';
import type { PruneAnswer } from './pruneRelease.ts';
import type { SpecParser } from './read.ts';
import { openSpecFolder, type SpecFolder } from './specFolder.ts';
import type { DocumentRecord, DocumentSource, SourceState } from './types.ts';
import { type WatchDirectory, watchDirectory } from './watcher.ts';

/** What a configuration says of sources and may say anew while they are read. */
export interface SourceSettings {
  readonly rescanMs: number;
  readonly prune: Omit<PruneRule, 'isOn'>;
}

export interface SourceSetOptions {
  readonly sources: readonly SourceDirectory[];
  readonly stateDirectory: string;
  readonly bootId: string;
  /** Asked whenever it matters. */
  readonly settings: () => SourceSettings;
  readonly parser: SpecParser;
  readonly clock: Clock;
  readonly log: Log;
  /** The rim, for tests: by default chokidar, the file system, and an atomic write. */
  readonly watch?: WatchDirectory;
  readonly openFolder?: (config: SourceDirectory) => SpecFolder;
  readonly writeLastGood?: (path: string, text: string) => void;
}

/**
 * Several directories as one source. A name belongs to the first that showed it, and stays there as long as a file of it is
 * there; then to the next that has one, without the server being deleted in between.
 */
export class SourceSet implements DocumentSource {
  readonly #options: SourceSetOptions;
  readonly #store: LastGoodStore;
  readonly #memories: SourceMemories;
  #directories: readonly DirectorySource[];
  readonly #owners = new Map<string, DirectorySource>();
  readonly #listeners = new Map<(name: string | undefined) => void, (() => void) | undefined>();

  /** Reads what earlier controllers accepted. @throws {NodeJS.ErrnoException} where the state directory cannot be used */
  constructor(options: SourceSetOptions) {
    this.#options = options;
    const { stateDirectory, bootId, parser, clock, log, writeLastGood } = options;
    const write = writeLastGood === undefined ? {} : { write: writeLastGood };
    this.#store = new LastGoodStore({ stateDirectory, parser, clock, log, ...write });
    this.#store.on((name) => this.#emit(name));
    this.#memories = new SourceMemories(stateDirectory, bootId, log);
    this.#directories = options.sources.map((config) => this.#openDirectory(config));
  }

  async start(): Promise<void> {
    const known = new Map<DirectorySource, LastGood[]>();
    for (const stored of this.#store.all()) {
      const owner = this.#homeOf(stored);
      if (owner === undefined) continue;
      if (owner.path !== stored.source) owner.hold(stored.name);
      this.#owners.set(stored.name, owner);
      const siblings = known.get(owner);
      if (siblings === undefined) known.set(owner, [stored]);
      else siblings.push(stored);
    }
    // One after the other: where two new files have the same name, the directory named first has it.
    for (const directory of this.#directories) await directory.start(known.get(directory) ?? []);
  }

  /**
   * Reads other directories from now on. What was accepted from one that is no longer there belongs to the first that has
   * a file of it, else it is held: it runs on until its directory is back or a person confirms the removal.
   */
  async update(sources: readonly SourceDirectory[]): Promise<void> {
    const before = this.#directories;
    const kept = new Map(before.map((directory) => [directory.path, directory]));
    const fresh: DirectorySource[] = [];
    this.#directories = sources.map((config) => {
      const known = kept.get(config.path);
      known?.configure(config);
      const directory = known ?? this.#openDirectory(config);
      if (known === undefined) fresh.push(directory);
      return directory;
    });
    for (const directory of before.filter((one) => !this.#directories.includes(one))) this.#retire(directory);
    for (const directory of fresh) await directory.start([]);
    this.#emit(undefined);
  }

  async stop(): Promise<void> {
    for (const directory of this.#directories) directory.stop();
    this.#store.close();
  }

  names(): readonly string[] {
    return this.#directories.flatMap((directory) => directory.names());
  }

  record(name: string): DocumentRecord | undefined {
    const record = this.#owners.get(name)?.record(name);
    if (record === undefined || this.#directories.length === 1) return record;
    const duplicates = this.#directories.flatMap((directory) => directory.duplicateRefusal(name)?.message ?? []);
    if (duplicates.length === 0) return record;
    return { ...record, warnings: [...record.warnings, ...duplicates] };
  }

  adopt(name: string): boolean {
    const home = this.#directories[0];
    if (home === undefined) return false;
    if (!this.#owners.has(name)) {
      this.#owners.set(name, home);
      home.adopt(name);
      this.#emit(name);
    }
    return true;
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

  /** Lets the held removals go that this digest names, if a source holds exactly those now. */
  releasePrune(digest: string): PruneAnswer {
    // A file may have come to another source since.
    for (const directory of this.#directories) directory.refresh();
    for (const directory of this.#directories) {
      const answer = directory.releasePrune(digest);
      if (answer !== undefined) return answer;
    }
    const held = this.states().filter((state) => state.pruneDigest !== undefined);
    const now = held.map(
      (state) => `${state.path} holds ${state.heldForPrune.length} with digest ${state.pruneDigest}`,
    );
    return {
      kind: 'refused',
      message: `no source holds what this digest names: ${now.length === 0 ? 'nothing is held' : now.join('; ')}`,
    };
  }

  on(listener: (name: string | undefined) => void, onTold?: () => void): () => void {
    this.#listeners.set(listener, onTold);
    return () => this.#listeners.delete(listener);
  }

  #openDirectory(config: SourceDirectory): DirectorySource {
    const { settings, parser, clock, log, watch = watchDirectory, openFolder } = this.#options;
    const folder = openFolder?.(config) ?? openSpecFolder(config.path, config.ownerUid, parser, clock);
    const directory: DirectorySource = new DirectorySource({
      config,
      settings,
      folder,
      watch,
      store: this.#store,
      memories: this.#memories,
      clock,
      log,
      claim: (name) => this.#claim(name, directory),
      isElsewhere: (name) => this.#directories.some((other) => other !== directory && other.shows(name)),
      changed: (name) => this.#changed(name, directory),
      told: () => {
        for (const onTold of this.#listeners.values()) onTold?.();
      },
    });
    return directory;
  }

  /** Its names go to others, and none of them is deleted by that. */
  #retire(directory: DirectorySource): void {
    directory.stop();
    for (const [name, owner] of [...this.#owners].filter(([, owner]) => owner === directory)) {
      const stored = this.#store.get(name);
      const heir = stored === undefined ? undefined : this.#homeOf(stored);
      if (stored === undefined || heir === undefined || owner.record(name)?.isDeleted === true) continue;
      this.#owners.set(name, heir);
      heir.inherit(stored);
      this.#emit(name);
    }
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
    // Its directory is no source any more. It may have moved; if not, it is held by the first one, whose file it lacks.
    const shows = ({ path }: DirectorySource) => existsSync(join(path, name + SPEC_SUFFIX));
    return this.#directories.find(shows) ?? this.#directories[0];
  }

  #emit(name: string | undefined): void {
    for (const listener of this.#listeners.keys()) listener(name);
  }
}
