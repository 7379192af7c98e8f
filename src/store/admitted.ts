import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { sha256Hex } from './digest.ts';
import { errorCode, openPrivateDirectory, readFileIfPresent, removeFile, writeFileAtomic } from './files.ts';
import { seal, unseal } from './stored.ts';
import { DiskSync } from './sync.ts';

/** A whole document as it was last admitted: its profile merged in, plain JSON. */
export interface AdmittedSpec {
  readonly name: string;
  /** The profile that is merged in; null: none. */
  readonly profile: string | null;
  /** Null: nothing was admitted yet. */
  readonly document: unknown;
}

/** What servers were last admitted as, for the time when their profile or policy is gone or bad. Kept over reboots. */
export interface AdmittedStore {
  get(name: string): AdmittedSpec | undefined;
  names(): readonly string[];
  /** Written before it returns, on disk within a second. Never throws: what can't be written is logged and kept in memory. */
  put(spec: AdmittedSpec): void;
  remove(name: string): void;
  close(): void;
}

export interface AdmittedStoreOptions {
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * `<state directory>/admitted/<sha256 of the name>.json`, 0600, each with a checksum. One that is damaged is reported and
 * ignored.
 *
 * @throws {NodeJS.ErrnoException} where the state directory can't be made or listed
 */
export function openAdmittedStore({ stateDirectory, clock, log }: AdmittedStoreOptions): AdmittedStore {
  const directory = join(stateDirectory, 'admitted');
  openPrivateDirectory(stateDirectory);
  openPrivateDirectory(directory);
  const sync = new DiskSync(directory, clock, log);
  const specs = new Map<string, AdmittedSpec>();
  const pathOf = (name: string) => join(directory, `${sha256Hex(name)}.json`);

  for (const file of readdirSync(directory)) {
    const path = join(directory, file);
    const spec = parseAdmitted(readFileIfPresent(path) ?? '');
    if (spec !== undefined && pathOf(spec.name) === path) specs.set(spec.name, spec);
    else log.error({ path }, 'stored admission is damaged and ignored; the spec file itself counts');
  }

  return {
    get: (name) => specs.get(name),
    names: () => [...specs.keys()],
    put(spec) {
      specs.set(spec.name, spec);
      const path = pathOf(spec.name);
      try {
        writeFileAtomic(path, formatAdmitted(spec), { mode: 0o600 });
        sync.add(path);
      } catch (err) {
        log.error({ server: spec.name, err, path, reason: errorCode(err) }, 'admission could not be stored');
      }
    },
    remove(name) {
      if (!specs.delete(name)) return;
      try {
        removeFile(pathOf(name));
        sync.add(undefined);
      } catch (err) {
        log.warn({ server: name, err }, 'stored admission could not be removed');
      }
    },
    close: () => sync.close(),
  };
}

function formatAdmitted({ name, profile, document }: AdmittedSpec): string {
  return seal({ name, profile, document });
}

function parseAdmitted(text: string): AdmittedSpec | undefined {
  const { name, profile, document } = unseal(text) ?? {};
  if (typeof name !== 'string' || document === undefined) return undefined;
  return profile === null || typeof profile === 'string' ? { name, profile, document } : undefined;
}
