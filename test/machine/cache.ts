import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './places.ts';

/** What the cache keeps: disks with their kernels, and states saved from machines that booted them; of each systemd its own. */
export type CacheKind = `${'' | 'newest-'}${'image' | 'state'}`;

/** Short name for these inputs: the same ones give the same name, any other ones another. */
export function hashOf(...inputs: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(`${input.length}:`).update(input);
  return hash.digest('hex').slice(0, 16);
}

/** Directory of that entry, whether it is there or not. */
export function entryDirectory(kind: CacheKind, hash: string): string {
  return join(cacheDirectory(), `${kind}-${hash}`);
}

/** Whether the entry is there; if so it counts as used now. An entry appears complete or not at all. */
export function isCached(kind: CacheKind, hash: string): boolean {
  const directory = entryDirectory(kind, hash);
  if (!existsSync(directory)) return false;
  utimesSync(directory, new Date(), new Date());
  return true;
}

/** Makes an entry: `fill` gets an empty directory, which takes its place only after `fill` has succeeded. */
export async function makeEntry(
  kind: CacheKind,
  hash: string,
  fill: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = entryDirectory(kind, hash);
  const unfinished = `${directory}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  try {
    await fill(unfinished);
    rmSync(directory, { recursive: true, force: true });
    renameSync(unfinished, directory);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Directories of all entries of that kind. */
export function entriesOf(kind: CacheKind): readonly string[] {
  const names = readdirSync(cacheDirectory()).filter(
    (name) => name.startsWith(`${kind}-`) && !name.endsWith('.unfinished'),
  );
  return names.map((name) => join(cacheDirectory(), name));
}

/**
 * Removes entries of that kind but the two used last (two checkouts may take turns) and those that `isNeeded`, and what builders that
 * crashed left unfinished. To be called by whoever holds the lock.
 */
export function removeUnused(kind: CacheKind, isNeeded: (directory: string) => boolean): void {
  for (const name of readdirSync(cacheDirectory())) {
    if (!name.startsWith(`${kind}-`) || !name.endsWith('.unfinished')) continue;
    rmSync(join(cacheDirectory(), name), { recursive: true, force: true });
  }
  const entries = entriesOf(kind)
    .map((directory) => ({ directory, usedMs: statSync(directory).mtimeMs }))
    .sort((a, b) => b.usedMs - a.usedMs);
  for (const { directory } of entries.slice(2)) {
    if (!isNeeded(directory)) rmSync(directory, { recursive: true, force: true });
  }
}
