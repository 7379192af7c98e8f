import { diffLive } from '../../units/diff.ts';
import { readBackEqual } from '../../units/readBack.ts';
import { type PropertyRow, propertyRows } from '../../units/table.ts';
import type { UnitPlan, UnitProperty } from '../../units/types.ts';
import { fieldOfProperty, hasField } from './field.ts';
import { propertyText } from './propertyText.ts';

/** One thing in which a running unit differs from what its spec asks for. */
export interface Difference {
  /** `spec.resources.memory.limit`; the property's own name where no field of a spec sets it. */
  readonly field: string;
  /** What runs and what is asked for; both absent where neither may be shown: commands, variables. */
  readonly from?: string;
  readonly to?: string;
  /** `live`: can be set on the running unit. `restart`: the next start brings it. */
  readonly effect: 'live' | 'restart';
}

/** What is known of a unit that runs. */
export interface RunningUnit {
  /** Its properties as systemd reports them, by D-Bus name. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** HUBLET_UNIT_HASH. */
  readonly hash: string;
}

/**
 * Where a running unit differs from the plan of its spec, live ones first; empty: nowhere.
 *
 * `isHashComparable`: the plan was made with the key of this installation, so equal hashes prove that nothing needs a restart,
 * and unequal ones that something does, even if no property shows it. The environment, which is no property, comes in
 * `environment`: undefined where it can't be read.
 */
export function findDifferences(
  plan: UnitPlan,
  unit: RunningUnit,
  isHashComparable: boolean,
  environment: readonly Difference[] | undefined,
): Difference[] {
  const live = diffLive(plan.live, unit.properties).map((wanted) => change(wanted.name, unit, wanted, 'live'));
  if (isHashComparable && plan.hash === unit.hash) return live;
  const restart = [...restartChanges(plan, unit), ...(environment ?? [])];
  const isUnexplained = isHashComparable && restart.length === 0;
  return [...live, ...restart, ...(isUnexplained ? [UNEXPLAINED] : [])];
}

/** The hashes say that something differs, and no property does: a default of another version of hublet, an environment out of reach. */
const UNEXPLAINED: Difference = { field: 'the unit as a whole', effect: 'restart' };

function restartChanges(plan: UnitPlan, unit: RunningUnit): Difference[] {
  const wanted = new Map<string, UnitProperty>();
  for (const property of plan.properties) wanted.set(property.name, join(wanted.get(property.name), property));
  const changes: Difference[] = [];
  for (const row of propertyRows()) {
    const reported = unit.properties[row.name];
    // Not reported: a property of the unit and not of the service, or one that this systemd lacks.
    if (row.change !== 'restart' || reported === undefined) continue;
    const property = wanted.get(row.name) ?? (isImplied(row.name, wanted, unit) ? undefined : unsetProperty(row));
    if (property !== undefined && !isEqual(row, property.value, reported)) {
      changes.push(change(row.name, unit, property, 'restart'));
    }
  }
  return mergeByField(changes);
}

/** A property that a plan has twice is a list that is added to. */
function join(first: UnitProperty | undefined, then: UnitProperty): UnitProperty {
  if (!Array.isArray(first?.value) || !Array.isArray(then.value) || !then.signature.startsWith('a')) return then;
  return { ...then, value: [...first.value, ...then.value] };
}

/** Several properties of one field, such as the command's program and its search path, are one difference. */
function mergeByField(changes: readonly Difference[]): Difference[] {
  const byField = new Map<string, Difference>();
  for (const one of changes) {
    const known = byField.get(one.field);
    byField.set(one.field, known === undefined ? one : { field: one.field, effect: one.effect });
  }
  return [...byField.values()];
}

function change(name: string, unit: RunningUnit, wanted: UnitProperty, effect: Difference['effect']): Difference {
  const from = propertyText(name, unit.properties[name]);
  const to = propertyText(name, wanted.value);
  return { field: fieldOfProperty(name), ...(from === undefined || to === undefined ? {} : { from, to }), effect };
}

/** Settings that systemd turns on by itself with another one, and reports as if they had been sent. @see systemd.exec(5), "DynamicUser=", "PrivateDevices=" */
const IMPLIED: Readonly<Record<string, string>> = {
  ProtectSystem: 'DynamicUser',
  ProtectHome: 'DynamicUser',
  PrivateTmp: 'DynamicUser',
  NoNewPrivileges: 'DynamicUser',
  DevicePolicy: 'PrivateDevices',
};

function isImplied(name: string, wanted: ReadonlyMap<string, UnitProperty>, unit: RunningUnit): boolean {
  const by = IMPLIED[name];
  return by !== undefined && (wanted.get(by)?.value === true || unit.properties[by] === true);
}

/** What a property is where nobody sets it; undefined: that isn't known, and nothing can be said of it. */
function unsetProperty({ name, signature }: PropertyRow): UnitProperty | undefined {
  if (!hasField(name)) return undefined;
  const value = Object.hasOwn(UNSET, name) ? UNSET[name] : EMPTY[signature];
  return value === undefined ? undefined : { name, signature, value };
}

/** @see systemd.exec(5), systemd.resource-control(5) */
const UNSET: Readonly<Record<string, unknown>> = {
  ProtectSystem: 'no',
  ProtectHome: 'no',
  ProtectProc: 'default',
  DevicePolicy: 'auto',
  UMask: 0o22,
  // What systemd says of a user or group that it chose itself.
  User: undefined,
  Group: undefined,
  WorkingDirectory: undefined,
};

const EMPTY: Readonly<Record<string, unknown>> = {
  b: false,
  s: '',
  as: [],
  'a(ss)': [],
  'a(sb)': [],
  'a(ssbt)': [],
  'a(sasb)': [],
  'a(iayu)': [],
};

/** Equal as systemd gives values back, in all that counts. */
function isEqual(row: PropertyRow, sent: unknown, reported: unknown): boolean {
  const hashed = row.change === 'restart' ? row.hashed : undefined;
  if (hashed === undefined) return readBackEqual(row, sent, reported);
  const [wanted, present] = [hashed(sent), hashed(reported)];
  return wanted === undefined || present === undefined ? wanted === present : readBackEqual(row, wanted, present);
}
