/**
 * Keeps the configuration in force: looks at its files when they change, when asked to, and every now and then. A bad one
 * leaves the last good one in force and is told of.
 */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type WatchDirectory, watchDirectory } from '../source/watcher.ts';
import { WatchKeeper } from '../source/watchKeeper.ts';
import { adoptUnchanged, restartNeeds } from './change.ts';
import type { LoadedConfig } from './load.ts';
import type { Config, ConfigLocation, ConfigState } from './types.ts';

export interface ConfigKeeperOptions {
  readonly initial: LoadedConfig;
  readonly location: ConfigLocation;
  /** Reads all anew; `before`: files that had a content at the last load. @throws {ConfigError} */
  readonly load: (before: ReadonlySet<string>) => Promise<LoadedConfig>;
  readonly clock: Clock;
  readonly log: Log;
  /** The rim, for tests: by default chokidar. */
  readonly watch?: WatchDirectory;
}

/** How long the files must have stood still: whoever edits several of them wants all or none. */
const STILL_MS = 500;
const LOOK_MS = 20_000;

export class ConfigKeeper {
  readonly #options: ConfigKeeperOptions;
  readonly #started: Config;
  readonly #listeners = new Set<(before: Config, after: Config) => void>();
  readonly #watches: readonly WatchKeeper[];
  #current: Config;
  #files: ReadonlySet<string>;
  /** Of the files as last loaded or refused. */
  #judged: string;
  #seen: string;
  #state: ConfigState;
  #cancel: () => void = () => undefined;
  #loading: Promise<void> | undefined;
  #isAskedAgain = false;
  #isStopped = true;

  constructor(options: ConfigKeeperOptions) {
    const { initial, location, clock, log, watch = watchDirectory } = options;
    this.#options = options;
    this.#started = initial.config;
    this.#current = initial.config;
    this.#files = initial.files;
    this.#judged = fingerprint(location);
    this.#seen = this.#judged;
    this.#state = { isGood: true, message: '', loadedAtMs: clock.wallMs(), restartNeeds: [] };
    const hintOf = (isOurs: (fileName: string) => boolean) => (fileName: string | undefined) => {
      if (fileName === undefined || isOurs(fileName)) this.#look(0);
    };
    const places = [
      {
        path: dirname(location.file),
        isOurs: (name: string) => name === basename(location.file) || name === basename(location.directory),
      },
      { path: location.directory, isOurs: (name: string) => name.endsWith('.yaml') },
    ];
    this.#watches = places.map(
      ({ path, isOurs }) =>
        new WatchKeeper({
          path,
          watch,
          clock,
          log,
          hint: hintOf(isOurs),
          changed: () => this.#look(0),
          isOptional: true,
        }),
    );
  }

  /** The configuration in force. */
  get current(): Config {
    return this.#current;
  }

  state(): ConfigState {
    return this.#state;
  }

  /** Called after each attempt to load it, also a failed one: then both are the same object. */
  on(listener: (before: Config, after: Config) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.#isStopped = false;
    for (const watch of this.#watches) watch.build();
    this.#look(LOOK_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    for (const watch of this.#watches) watch.stop();
    await this.#loading;
  }

  /** Reads the files now, whether they changed or not; resolves when what they say is in force or refused. */
  async reload(): Promise<void> {
    this.#isAskedAgain = this.#loading !== undefined;
    this.#loading ??= this.#loadAll().finally(() => {
      this.#loading = undefined;
    });
    await this.#loading;
  }

  /** Looks in `afterMs` whether the files are others; once they are and stand still, reads them. */
  #look(afterMs: number): void {
    if (this.#isStopped) return;
    this.#cancel();
    this.#cancel = this.#options.clock.after(afterMs, () => {
      const now = fingerprint(this.#options.location);
      const isStill = now === this.#seen;
      this.#seen = now;
      if (now === this.#judged) this.#look(LOOK_MS);
      else if (!isStill) this.#look(STILL_MS);
      else void this.reload().finally(() => this.#look(LOOK_MS));
    });
  }

  async #loadAll(): Promise<void> {
    do {
      this.#isAskedAgain = false;
      await this.#load();
    } while (this.#isAskedAgain && !this.#isStopped);
  }

  async #load(): Promise<void> {
    const { location, load, clock, log } = this.#options;
    this.#judged = fingerprint(location);
    this.#seen = this.#judged;
    const before = this.#current;
    try {
      const loaded = await load(this.#files);
      this.#files = loaded.files;
      this.#current = adoptUnchanged(before, loaded.config);
      const needs = restartNeeds(this.#started, this.#current);
      this.#state = { isGood: true, message: '', loadedAtMs: clock.wallMs(), restartNeeds: needs };
      log.info({ file: location.file }, 'configuration loaded');
      if (needs.length > 0) log.warn({ fields: needs }, 'takes effect at the next start of the controller');
    } catch (err) {
      // Whatever it is, what is in force is good.
      const message = err instanceof Error ? err.message : String(err);
      this.#state = { ...this.#state, isGood: false, message };
      log.error({ file: location.file, reason: message }, 'configuration is bad, the last good one stays in force');
    }
    for (const listener of this.#listeners) listener(before, this.#current);
  }
}

/** Equal texts: nobody wrote to any of the files, nor added or removed one. */
function fingerprint({ file, directory }: ConfigLocation): string {
  return [file, ...namesIn(directory).map((name) => join(directory, name))].map(stampOf).join('\n');
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.yaml'))
      .sort();
  } catch (error) {
    // Absent or unreadable: loading tells what is to be told of that.
    return [(error as NodeJS.ErrnoException).code ?? String(error)];
  }
}

function stampOf(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined
    ? `${path}: none`
    : `${path}: ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}
