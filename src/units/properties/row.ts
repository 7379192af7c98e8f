import type { HostMemory } from '../syntax/amounts.ts';
import type { UnitProperty } from '../types.ts';

/** A property that hublet may send to systemd, or read from it. */
export type PropertyRow = LiveRow | FixedRow;

interface Row {
  /** D-Bus name, as in StartTransientUnit. */
  readonly name: string;
  /** D-Bus type of its value. */
  readonly signature: string;
  /** The first systemd whose transient units take it. */
  readonly since: number;
  /** Name of the setting of unit files that it carries. */
  readonly setting: string;
  /** How systemd reports what it was sent. Absent: as it was. */
  readonly readBack?: ReadBack;
}

/** SetUnitProperties changes it in a running unit. */
export interface LiveRow extends Row, LiveFacts {
  readonly change: 'live';
}

export interface LiveFacts {
  /** What it is where the spec sets none. */
  readonly unset: unknown;
  /** True where systemd's own default may be another, by the host's configuration: then `unset` is sent as well. */
  readonly isUnsetSent: boolean;
  /** Its memory limits wait while the server uses too much. */
  readonly resource: 'memory' | 'cpu' | 'tasks' | 'io';
  /** Field of `applied` in status. */
  readonly applied?: {
    readonly name: string;
    /** Of a value that is not `unset`. */
    readonly convert: (value: unknown) => number | string;
  };
}

/** Only a new unit has another value. */
export interface FixedRow extends Row {
  /** `none`: it matters to nobody while the server runs, so a difference never asks for a restart. */
  readonly change: 'restart' | 'none';
  /** The part of its value that asks for a restart where it differs; undefined: none of it. Absent: all. */
  readonly hashed?: (value: unknown) => unknown;
}

/**
 * How a value looks when it comes back from systemd:
 * `set`: a list in any order; `among`: among others; `never`: not at all; `mask`: bytes padded with zeros; `commands`: with what
 * became of each; `filter`: a list whose groups are spelled out; `switch`: a word for yes or no; `directory`: another sign for one
 * that may be absent; `statuses`: two lists in any order; `conditions`: with their results.
 */
export type ReadBack =
  | 'set'
  | 'among'
  | 'never'
  | 'mask'
  | 'commands'
  | 'filter'
  | 'switch'
  | 'directory'
  | 'statuses'
  | 'conditions';

/** Who says what a setting is. */
export type Owner =
  /** Whoever writes unitProperties. */
  | { readonly kind: 'free' }
  /** hublet sets one, unitProperties another in its place. */
  | { readonly kind: 'preset' }
  /** A field of the spec. */
  | { readonly kind: 'field'; readonly path: string }
  /** Nobody but hublet. */
  | { readonly kind: 'hublet'; readonly reason: string };

export type ManPage =
  | 'systemd.exec(5)'
  | 'systemd.resource-control(5)'
  | 'systemd.kill(5)'
  | 'systemd.service(5)'
  | 'systemd.unit(5)';

/** A setting as unit files have it, and what carries it over D-Bus. */
export interface Setting {
  readonly name: string;
  readonly man: ManPage;
  /** The first systemd whose transient units take it. */
  readonly since: number;
  readonly owner: Owner;
  /** The properties it may become; the main one first. */
  readonly rows: readonly [PropertyRow, ...PropertyRow[]];
  /**
   * What its assignments, one text each and in order, are on D-Bus. A property comes more than once where order counts.
   *
   * @throws {PropertySyntaxError}
   */
  readonly read: (texts: readonly string[], host: HostMemory) => readonly UnitProperty[];
}

/** How the text of a setting becomes values. */
export interface Kind {
  readonly signature: string;
  readonly readBack?: ReadBack;
  /** Properties besides the main one; those named by a function go by the main one's name. */
  readonly others?: (name: string) => readonly OtherProperty[];
  /** Values by property name. @throws {PropertySyntaxError} */
  readonly read: (texts: readonly string[], name: string, host: HostMemory) => readonly (readonly [string, unknown])[];
}

export interface OtherProperty {
  readonly name: string;
  readonly signature: string;
  readonly since?: number;
  readonly readBack?: ReadBack;
}

/** One line of the table. */
export interface Entry {
  /** Its name in unit files. */
  readonly setting: string;
  readonly kind: Kind;
  /** Absent: free. */
  readonly owner?: Owner;
  /** Absent: every systemd that hublet runs with has it. */
  readonly since?: number;
  /** Its name on D-Bus, where that is another. */
  readonly property?: string;
  readonly readBack?: ReadBack;
  /** Absent: as `live` says, or else `restart`. */
  readonly change?: 'none';
  readonly live?: LiveFacts;
  readonly hashed?: (value: unknown) => unknown;
}

/** Type=exec came with it, and hublet starts nothing without that; what is as old is not told apart. */
export const OLDEST_SYSTEMD = 240;

const FREE: Owner = { kind: 'free' };

/** Owned by a field of the spec. */
export function field(path: string): Owner {
  return { kind: 'field', path: `spec.${path}` };
}

/** Owned by hublet; `reason` goes on after "belongs to hublet: ". */
export function hublet(reason: string): Owner {
  return { kind: 'hublet', reason };
}

/** The settings of one man page. */
export function settings(man: ManPage, entries: readonly Entry[]): readonly Setting[] {
  return entries.map((entry) => settingOf(man, entry));
}

function settingOf(man: ManPage, entry: Entry): Setting {
  const { setting, kind, since = OLDEST_SYSTEMD, property: name = setting, owner = FREE } = entry;
  const main = rowOf(entry, { name, signature: kind.signature, ...backOf(entry.readBack ?? kind.readBack) });
  const others = (kind.others?.(name) ?? []).map((other) => rowOf(entry, other));
  const signatures = new Map([main, ...others].map((row) => [row.name, row.signature]));
  return {
    name: setting,
    man,
    since,
    owner,
    rows: [main, ...others],
    read: (texts, host) =>
      kind.read(texts, name, host).map(([property, value]) => {
        const signature = signatures.get(property);
        if (signature === undefined) throw new TypeError(`${setting} has no property ${property}`);
        return { name: property, signature, value };
      }),
  };
}

function rowOf({ setting, since, change, live, hashed }: Entry, property: OtherProperty): PropertyRow {
  const row = {
    name: property.name,
    signature: property.signature,
    since: property.since ?? since ?? OLDEST_SYSTEMD,
    setting,
    ...backOf(property.readBack),
  };
  if (live !== undefined) return { ...row, ...live, change: 'live' };
  return { ...row, change: change ?? 'restart', ...(hashed === undefined ? {} : { hashed }) };
}

function backOf(readBack: ReadBack | undefined): { readBack?: ReadBack } {
  return readBack === undefined ? {} : { readBack };
}
