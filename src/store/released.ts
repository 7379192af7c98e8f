import { join } from 'node:path';
import type { Log } from '../log.ts';
import { readFileIfPresent, removeFile, writeFileAtomic } from './files.ts';
import { parseStored } from './stored.ts';
import type { ReleasedStore } from './types.ts';

export interface ReleasedStoreOptions {
  /** Exists. */
  readonly stateDirectory: string;
  /** No unit outlives its boot. */
  readonly bootId: string;
  readonly log: Log;
}

/**
 * Servers that run on without hublet, in `released.json` of the state directory (0600). A damaged file is reported and
 * counts as none: their units are then orphans as any other.
 */
export function openReleasedStore({ stateDirectory, bootId, log }: ReleasedStoreOptions): ReleasedStore {
  const path = releasedPath(stateDirectory);
  const stored = readStored(path);
  if (stored === 'damaged') log.error({ path }, 'what is stored of released servers is damaged and ignored');
  const names = new Set(stored !== 'damaged' && stored?.bootId === bootId ? stored.names : []);
  const write = (next: ReadonlySet<string>): void => {
    if (next.size === 0) removeFile(path);
    else writeFileAtomic(path, `${JSON.stringify({ bootId, names: [...next] })}\n`, { mode: 0o600 });
  };
  return {
    names,
    add(name) {
      if (names.has(name)) return;
      write(new Set([...names, name]));
      names.add(name);
    },
    remove(name) {
      if (!names.has(name)) return;
      write(new Set([...names].filter((other) => other !== name)));
      names.delete(name);
    },
  };
}

/** The released servers of this boot, for who only looks. @throws {NodeJS.ErrnoException} where the file can't be read */
export function readReleased(stateDirectory: string, bootId: string): ReadonlySet<string> {
  const stored = readStored(releasedPath(stateDirectory));
  return new Set(stored !== 'damaged' && stored?.bootId === bootId ? stored.names : []);
}

interface Stored {
  readonly bootId: string;
  readonly names: readonly string[];
}

function releasedPath(stateDirectory: string): string {
  return join(stateDirectory, 'released.json');
}

function readStored(path: string): Stored | undefined | 'damaged' {
  const text = readFileIfPresent(path);
  if (text === undefined) return undefined;
  const { bootId, names } = parseStored(text) ?? {};
  const isWhole = typeof bootId === 'string' && Array.isArray(names) && names.every((name) => typeof name === 'string');
  return isWhole ? { bootId, names } : 'damaged';
}
