import { readFileSync, type Stats, statSync } from 'node:fs';
import type { Log } from '../log.ts';
import { hasErrorCode } from '../store/files.ts';
import { type NssDatabase, type NssEntry, parseEntries } from './database.ts';
import type { NssKey } from './key.ts';
import { isFilesFirst } from './nsswitch.ts';

/** Where the host's own accounts and groups are, and who else is asked. */
export interface AccountPaths {
  readonly passwd: string;
  readonly group: string;
  readonly nsswitch: string;
}

export const ACCOUNT_PATHS: AccountPaths = {
  passwd: '/etc/passwd',
  group: '/etc/group',
  nsswitch: '/etc/nsswitch.conf',
};

/** The local file of a database: /etc/passwd or /etc/group. */
export interface LocalFile<Entry> {
  /** Undefined: not there, or a hit there would not be NSS's answer. */
  find(key: NssKey): Entry | undefined;
  /** Another text whenever the file, or the order of services, may have changed. */
  version(): string;
}

/** A view of the file that is read again whenever it changed. Never throws: an unreadable file has no hits. */
export function createLocalFile<Entry extends NssEntry>(
  database: NssDatabase<Entry>,
  paths: AccountPaths,
  log: Log,
): LocalFile<Entry> {
  const filesFirst = rereadFile(paths.nsswitch, (text) => isFilesFirst(text, database.name), false, log);
  const index = (text: string) => indexEntries(parseEntries(text, database), database);
  const entries = rereadFile(paths[database.name], index, index(''), log);
  return {
    find(key) {
      if (key.kind === 'impossible' || !filesFirst.value()) return undefined;
      return key.kind === 'name' ? entries.value().byName.get(key.name) : entries.value().byId.get(key.id);
    },
    version: () => `${filesFirst.version()} ${entries.version()}`,
  };
}

interface Index<Entry> {
  readonly byName: ReadonlyMap<string, Entry>;
  readonly byId: ReadonlyMap<number, Entry>;
}

/** The first line counts where a name or a number stands there twice, as for libc. */
function indexEntries<Entry extends NssEntry>(entries: readonly Entry[], { idOf }: NssDatabase<Entry>): Index<Entry> {
  const reversed = entries.toReversed();
  return {
    byName: new Map(reversed.map((entry) => [entry.name, entry])),
    byId: new Map(reversed.map((entry) => [idOf(entry), entry])),
  };
}

interface Reread<T> {
  value(): T;
  /** Identity of the file that the value is from; empty: it could not be read. */
  version(): string;
}

/** A value made from a file, made anew when the file's identity changed since the last turn. `absent`: the value without a readable file. */
function rereadFile<T>(path: string, parse: (text: string) => T, absent: T, log: Log): Reread<T> {
  let value = absent;
  let seen: Stats | undefined;
  let isBroken = false;
  let isLookedAt = false;
  // Once for all that is asked at one go, as a resync asks for a thousand servers, and without the price of exact nanoseconds: the
  // times are to a quarter of a microsecond as they are.
  const refresh = (): void => {
    if (isLookedAt) return;
    isLookedAt = true;
    queueMicrotask(() => {
      isLookedAt = false;
    });
    try {
      const now = statSync(path);
      if (seen !== undefined && isSameFile(now, seen)) return;
      value = parse(readFileSync(path, 'utf8'));
      seen = now;
      isBroken = false;
    } catch (err) {
      value = absent;
      seen = undefined;
      if (!hasErrorCode(err, 'ENOENT') && !isBroken)
        log.warn({ err, path }, 'account file not readable, getent is asked instead');
      isBroken = true;
    }
  };
  return {
    value() {
      refresh();
      return value;
    },
    version() {
      refresh();
      return seen === undefined ? '' : [seen.ino, seen.size, seen.mtimeMs, seen.ctimeMs].join(' ');
    },
  };
}

function isSameFile(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}
