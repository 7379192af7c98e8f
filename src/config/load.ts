/** Files, variables and flags -> the controller's configuration. The only part of this room that reads files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defaultPlaces, type Environment, type Places } from './defaults.ts';
import { ConfigError } from './errors.ts';
import { listenProblem } from './listen.ts';
import { chooseSources, composeConfig, mergeDocuments, type Overrides, type UnresolvedSource } from './merge.ts';
import { parseConfigFile } from './parse.ts';
import type { ConfigDocument } from './schema.ts';
import type { Config, ConfigLocation, SourceConfig } from './types.ts';

/** Values of flags, as written; absent: not given. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly desiredState?: string | undefined;
  readonly runtimeDir?: string | undefined;
  readonly stateDir?: string | undefined;
  readonly listen?: string | undefined;
}

export interface LoadOptions {
  readonly flags: ConfigFlags;
  readonly env: Environment;
  readonly isUserMode: boolean;
  /** The controller's own uid. */
  readonly uid: number;
  readonly cpuCount: number;
  /** The uid of an account; undefined where there is none. */
  readonly resolveOwner: (name: string) => Promise<number | undefined>;
}

/** Where the configuration is read from, and whether somebody named the file, so that it must be there. */
export interface ChosenLocation extends ConfigLocation {
  readonly isExplicit: boolean;
}

/**
 * The configuration: flag before variable before file before default.
 *
 * @throws {ConfigError} a file that can't be read or is wrong, an owner that doesn't exist, a flag that means nothing
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const places = placesOf(options);
  const document = mergeDocuments(readDocuments(locateConfig(options)));
  const overrides = readOverrides(options);
  const sources = await resolveSources(chooseSources(document, overrides, places), options);
  return composeConfig(document, sources, overrides, places, options);
}

/** The file and the directory that `loadConfig` reads. @throws {ConfigError} user mode without HOME */
export function locateConfig(options: Pick<LoadOptions, 'flags' | 'env' | 'isUserMode' | 'uid'>): ChosenLocation {
  const chosen = choose(options.flags.config, options.env.HUBLET_CONFIG);
  if (chosen === undefined) return { ...placesOf(options).config, isExplicit: false };
  const file = resolve(chosen);
  return { file, directory: `${file.replace(/\.yaml$/, '')}.d`, isExplicit: true };
}

function placesOf({ isUserMode, uid, env }: Pick<LoadOptions, 'isUserMode' | 'uid' | 'env'>): Places {
  const places = defaultPlaces(isUserMode, uid, env);
  if (places === undefined)
    throw new ConfigError(['HOME is not set, so there is no place for configuration and state']);
  return places;
}

function readDocuments({ file, directory, isExplicit }: ChosenLocation): ConfigDocument[] {
  const names = readOptional(directory, () => readdirSync(directory)) ?? [];
  const fragments = names.filter((name) => name.endsWith('.yaml') && !name.startsWith('.')).sort();
  const documents: ConfigDocument[] = [];
  const lines: string[] = [];
  for (const path of [file, ...fragments.map((name) => join(directory, name))]) {
    try {
      const text = readOptional(path, () => readFileSync(path, 'utf8'));
      if (text === undefined && path === file && isExplicit) throw new ConfigError([`${path}: there is no such file`]);
      const document = text === undefined ? undefined : parseConfigFile(text, path);
      if (document !== undefined) documents.push(document);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      lines.push(...error.lines);
    }
  }
  if (lines.length > 0) throw new ConfigError(lines);
  return documents;
}

/** What `read` gives; undefined where the path isn't there, which is right for all of them. */
function readOptional<T>(path: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new ConfigError([`${path}: can't be read (${code ?? String(error)})`]);
  }
}

function readOverrides({ flags, env }: LoadOptions): Overrides {
  const listen = choose(flags.listen, env.HUBLET_LISTEN);
  const problem = listen === undefined ? undefined : listenProblem(listen);
  if (problem !== undefined)
    throw new ConfigError([`--listen or HUBLET_LISTEN ${problem}, not ${JSON.stringify(listen)}`]);
  return {
    ...pathOverride('desiredState', choose(flags.desiredState, env.HUBLET_DESIRED_STATE)),
    ...pathOverride('runtimeDirectory', choose(flags.runtimeDir, env.HUBLET_RUNTIME_DIR)),
    ...pathOverride('stateDirectory', choose(flags.stateDir, env.HUBLET_STATE_DIR)),
    ...pathOverride('lockPath', choose(undefined, env.HUBLET_LOCK)),
    ...(listen === undefined ? {} : { listen }),
  };
}

function pathOverride<K extends keyof Overrides>(name: K, path: string | undefined): { readonly [P in K]?: string } {
  return path === undefined ? {} : ({ [name]: resolve(path) } as { [P in K]?: string });
}

function choose(flag: string | undefined, variable: string | undefined): string | undefined {
  return flag ?? (variable === '' ? undefined : variable);
}

async function resolveSources(sources: readonly UnresolvedSource[], options: LoadOptions): Promise<SourceConfig[]> {
  const resolved: SourceConfig[] = [];
  const lines: string[] = [];
  for (const [index, { path, owner, prune }] of sources.entries()) {
    if (resolved.some((other) => other.path === resolve(path)))
      lines.push(`sources[${index}].path: ${path} is there twice`);
    const ownerUid = owner === undefined ? (options.isUserMode ? options.uid : 0) : await options.resolveOwner(owner);
    if (ownerUid === undefined) lines.push(`sources[${index}].owner: there is no account ${JSON.stringify(owner)}`);
    else resolved.push({ path: resolve(path), ownerUid, prune: prune !== 'off' });
  }
  if (lines.length > 0) throw new ConfigError(lines);
  return resolved;
}
