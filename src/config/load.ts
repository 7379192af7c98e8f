/** Files, variables and flags -> the controller's configuration. The only part of this room that reads files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ADMIN_POLICY, type Policy } from '../admission/policy.ts';
import { defaultPlaces, type Environment, type Places } from './defaults.ts';
import { ConfigError } from './errors.ts';
import { listenProblem } from './listen.ts';
import { chooseSources, composeConfig, mergeDocuments, type Overrides, type UnresolvedSource } from './merge.ts';
import type { ConfigFile } from './parse.ts';
import type { ConfigDocument } from './schema.ts';
import type { Sections } from './sections.ts';
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
  return (await loadConfigFiles(options, NO_FILES)).config;
}

/** A configuration, and the files that had anything to say in it. */
export interface LoadedConfig {
  readonly config: Config;
  readonly files: ReadonlySet<string>;
}

/**
 * The configuration once more. `before`: files that had a content at the last load, of which none may be empty now, nor
 * the main one gone: an editor or a full disk leaves such, and with defaults instead every server might lose its profile.
 *
 * @throws {ConfigError} as `loadConfig`
 */
export async function loadConfigFiles(options: LoadOptions, before: ReadonlySet<string>): Promise<LoadedConfig> {
  const places = placesOf(options);
  const files = await readFiles(locateConfig(options), before);
  const document = mergeDocuments(files.map((file) => file.document));
  const sections = await readSections(document, files);
  const overrides = readOverrides(options);
  const sources = await resolveSources(chooseSources(document, overrides, places), sections, options);
  return {
    config: composeConfig(document, sections, sources, overrides, places, options),
    files: new Set(files.map((file) => file.path)),
  };
}

const NO_FILES: ReadonlySet<string> = new Set();
const NO_SECTIONS: Sections = { profiles: {}, policies: { [ADMIN_POLICY.name]: ADMIN_POLICY }, pools: new Map() };

/** @throws {ConfigError} what only all files together show to be wrong */
async function readSections(document: ConfigDocument, files: readonly ConfigFile[]): Promise<Sections> {
  // Most verbs of the command line run without any file: they need no schema.
  if (files.length === 0) return NO_SECTIONS;
  const [{ judgeMerged }, { resolveSections }] = await Promise.all([import('./parse.ts'), import('./sections.ts')]);
  judgeMerged(document, files);
  return resolveSections(document);
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

async function readFiles(
  { file, directory, isExplicit }: ChosenLocation,
  before: ReadonlySet<string>,
): Promise<readonly ConfigFile[]> {
  const names = readOptional(directory, () => readdirSync(directory)) ?? [];
  const fragments = names.filter((name) => name.endsWith('.yaml') && !name.startsWith('.')).sort();
  const files: ConfigFile[] = [];
  const lines: string[] = [];
  for (const path of [file, ...fragments.map((name) => join(directory, name))]) {
    try {
      const text = readOptional(path, () => readFileSync(path, 'utf8'));
      if (text === undefined && path === file && before.has(file))
        throw new ConfigError([`${path}: is gone: put it back, or restart hublet to do without it`]);
      if (text === undefined && path === file && isExplicit) throw new ConfigError([`${path}: there is no such file`]);
      if (text?.trim() === '' && before.has(path))
        throw new ConfigError([`${path}: is empty and was not before: write it again, or remove it`]);
      if (text === undefined) continue;
      const { parseConfigFile } = await import('./parse.ts');
      const parsed = parseConfigFile(text, path);
      if (parsed !== undefined) files.push(parsed);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      lines.push(...error.lines);
    }
  }
  if (lines.length > 0) throw new ConfigError(lines);
  return files;
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

async function resolveSources(
  sources: readonly UnresolvedSource[],
  sections: Sections,
  options: LoadOptions,
): Promise<SourceConfig[]> {
  const resolved: SourceConfig[] = [];
  const lines: string[] = [];
  for (const [index, { path, owner, prune, policy: policyName }] of sources.entries()) {
    if (resolved.some((other) => other.path === resolve(path)))
      lines.push(`sources[${index}].path: ${path} is there twice`);
    const ownerUid = owner === undefined ? (options.isUserMode ? options.uid : 0) : await options.resolveOwner(owner);
    if (ownerUid === undefined) {
      lines.push(`sources[${index}].owner: there is no account ${JSON.stringify(owner)}`);
      continue;
    }
    const policy = policyName === undefined ? undefined : sections.policies[policyName];
    const problem = policyProblem(policy, ownerUid, options);
    if (problem !== undefined) lines.push(`sources[${index}].policy: ${problem}`);
    resolved.push({ path: resolve(path), ownerUid, prune: prune !== 'off', policy: policy ?? ADMIN_POLICY });
  }
  if (lines.length > 0) throw new ConfigError(lines);
  return resolved;
}

/** What is wrong with a source's policy; undefined: nothing. Whoever may run anything as anybody is as good as root. */
function policyProblem(policy: Policy | undefined, ownerUid: number, options: LoadOptions): string | undefined {
  if (ownerUid === 0 || (options.isUserMode && ownerUid === options.uid)) return undefined;
  if (policy === undefined) return `is missing: root doesn't own this source, so name what it may ask for`;
  return policy.isUnrestricted ? `${policy.name} allows everything, and root doesn't own this source` : undefined;
}
