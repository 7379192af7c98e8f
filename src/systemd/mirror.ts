import { parseMarks } from '../units/marks.ts';
import type { UnitState } from './port.ts';
import { readServiceFacts, readUnitFacts, type ServiceFacts, type SystemdSignal } from './signals.ts';
import {
  newRecord,
  onGone,
  onJobNew,
  onJobRemoved,
  onListed,
  onRead,
  onUnitChanged,
  type UnitRecord,
  type UnitRow,
} from './units.ts';

/**
 * All units of ours as systemd last told of them, the ended ones too until they are forgotten.
 *
 * Every change answers with the names of the units that look different now.
 */
export class UnitMirror {
  readonly #records = new Map<string, UnitRecord>();
  readonly #liveProperties: readonly string[];
  /** Between Reloading(true) and (false) systemd announces the removal of every unit, running ones included. */
  #isReloading = false;
  /** The last Service signal, until the Unit signal that systemd sends right after it: together they are atomic. */
  #heard: { readonly unit: string; readonly service: ServiceFacts } | undefined;

  /** @param liveProperties D-Bus names of the Service properties that a reading keeps in `live` */
  constructor(liveProperties: readonly string[]) {
    this.#liveProperties = liveProperties;
  }

  /** Names of all that are loaded. */
  loaded(): readonly string[] {
    return [...this.#records.values()].filter(({ state }) => state.loaded).map(({ state }) => state.name);
  }

  unit(name: string): UnitState | undefined {
    return this.#records.get(name)?.state;
  }

  forget(name: string): void {
    if (this.#records.get(name)?.state.loaded === false) this.#records.delete(name);
  }

  /** Takes one signal in. Those that are about no unit change nothing here but what `Reloading` means for the others. */
  apply(signal: SystemdSignal): readonly string[] {
    switch (signal.kind) {
      case 'serviceChanged':
        this.#heard = { unit: signal.unit, service: signal.service };
        return [];
      case 'unitChanged': {
        const service = this.#heard?.unit === signal.unit ? this.#heard.service : undefined;
        this.#heard = undefined;
        return this.#change(signal.unit, (record) => onUnitChanged(record, signal.facts, service));
      }
      case 'jobNew':
        return this.#change(signal.unit, (record) => onJobNew(record, signal.job));
      case 'jobRemoved':
        return this.#update(signal.unit, (record) => onJobRemoved(record, signal.job, signal.result));
      case 'unitRemoved':
        return this.#isReloading ? [] : this.#update(signal.unit, onGone);
      case 'reloading':
        this.#isReloading = signal.isActive;
        return [];
      case 'ownerChanged':
      case 'shutdownJob':
      case 'commandChanged':
      case 'commandJobRemoved':
        return [];
    }
  }

  /** Takes a whole listing in: loaded units that are not in it are gone. */
  applyList(rows: readonly UnitRow[]): readonly string[] {
    const listed = new Map(rows.map((row) => [row.name, row]));
    const changed: string[] = [];
    for (const [name, record] of this.#records) {
      if (record.state.loaded && !listed.has(name)) changed.push(...this.#update(name, onGone));
    }
    for (const [name, row] of listed) changed.push(...this.#set(name, onListed(this.#records.get(name), row)));
    return changed;
  }

  /** Takes a GetAll of the Unit interface in. A unit that is gone answers too, as `not-found`. */
  applyUnitProperties(name: string, properties: Readonly<Record<string, unknown>>): readonly string[] {
    const facts = readUnitFacts(properties);
    if (facts.loadState === 'not-found') return this.#update(name, onGone);
    return this.#change(name, (record) => onUnitChanged(record, facts));
  }

  /** Takes a GetAll of the Service interface in, unless the unit is gone: then the answer is a stub full of defaults. */
  applyServiceProperties(name: string, properties: Readonly<Record<string, unknown>>): readonly string[] {
    if (this.unit(name)?.loaded !== true) return [];
    const facts = {
      controlGroup: String(properties.ControlGroup ?? ''),
      marks: parseMarks(properties.LogExtraFields),
      live: pick(properties, this.#liveProperties),
    };
    return this.#update(name, (record) => onRead(record, readServiceFacts(properties), facts));
  }

  /** Notes that we are about to ask for a stop, or that the request came to nothing. */
  expectStop(name: string, isExpected: boolean): void {
    this.#update(name, (record) => ({ ...record, isStopOurs: isExpected }));
  }

  /** Signals may have been missed: every unit has to be looked at again. */
  markStale(): void {
    this.#heard = undefined;
    for (const [name, record] of this.#records) this.#records.set(name, { ...record, isStale: true });
  }

  /** Limits may have changed, of one unit or of all: what was read of them no longer counts. */
  dropLive(only?: string): void {
    for (const name of only === undefined ? this.#records.keys() : [only]) {
      this.#update(name, (record) => ({ ...record, state: { ...record.state, live: undefined } }));
    }
  }

  /** Whether a unit's invocation is what the mirror says; where it is, the unit is no longer stale. */
  confirm(name: string, invocationId: string): boolean {
    const record = this.#records.get(name);
    if (record === undefined || invocationId === '' || record.state.invocationId !== invocationId) return false;
    this.#records.set(name, { ...record, isStale: false });
    return true;
  }

  isStale(name: string): boolean {
    return this.#records.get(name)?.isStale === true;
  }

  /** Loaded units that have to be read: never read yet, or signals about them may have been missed. */
  unread(): readonly string[] {
    const unread = [...this.#records.values()].filter(
      ({ state, isStale }) => state.loaded && (isStale || state.marks === undefined),
    );
    return unread.map(({ state }) => state.name);
  }

  /** Changes a record, made where there is none. */
  #change(name: string, change: (record: UnitRecord) => UnitRecord): readonly string[] {
    return this.#set(name, change(this.#records.get(name) ?? newRecord(name)));
  }

  /** Changes a record where there is one. */
  #update(name: string, change: (record: UnitRecord) => UnitRecord): readonly string[] {
    const record = this.#records.get(name);
    return record === undefined ? [] : this.#set(name, change(record));
  }

  #set(name: string, next: UnitRecord): readonly string[] {
    const before = this.#records.get(name);
    this.#records.set(name, next);
    return before !== undefined && looksSame(before.state, next.state) ? [] : [name];
  }
}

function pick(properties: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => name in properties).map((name) => [name, properties[name]]));
}

/** Equal but for what only a reading tells (marks, live, cgroup): that is no news of the unit. */
function looksSame(before: UnitState, after: UnitState): boolean {
  if (before === after) return true;
  const keys = Object.keys(after) as (keyof UnitState)[];
  return keys.every((key) => key === 'marks' || key === 'live' || key === 'controlGroup' || before[key] === after[key]);
}
