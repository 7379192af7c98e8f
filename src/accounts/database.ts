import type { NssKey } from './key.ts';

/** What every entry of a database has. */
export interface NssEntry {
  readonly name: string;
}

/** One of the databases of NSS that hublet asks: its name, and how its lines are read. */
export interface NssDatabase<Entry extends NssEntry> {
  /** As getent(1) and nsswitch.conf(5) name it. */
  readonly name: 'passwd' | 'group';
  /** What its entries are called in messages. */
  readonly words: 'accounts' | 'groups';
  /** One line; undefined where it is no entry: empty, a comment, NIS's `+` and `-`, or broken. */
  readonly parseLine: (line: string) => Entry | undefined;
  readonly idOf: (entry: Entry) => number;
}

/** All entries of a file or of getent's answer, in order; of a name that stands there twice both. */
export function parseEntries<Entry extends NssEntry>(text: string, database: NssDatabase<Entry>): readonly Entry[] {
  return text.split('\n').flatMap((line) => database.parseLine(line) ?? []);
}

/** Whether this entry is what was asked for. */
export function answersTo<Entry extends NssEntry>(entry: Entry, key: NssKey, database: NssDatabase<Entry>): boolean {
  switch (key.kind) {
    case 'name':
      return entry.name === key.name;
    case 'id':
      return database.idOf(entry) === key.id;
    case 'impossible':
      return false;
  }
}
