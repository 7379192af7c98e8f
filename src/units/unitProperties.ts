import { suggest } from '../spec/suggest.ts';
import { CONDITION_REASON } from './properties/unit.ts';
import type { HostMemory } from './syntax/amounts.ts';
import { PropertySyntaxError } from './syntax/error.ts';
import { allSettings, propertyRow, type Setting, settingOf } from './table.ts';
import type { UnitProperty } from './types.ts';

/** `spec.unitProperties`: texts as unit files have them, by the name they have there. */
export type UnitProperties = Readonly<Record<string, string | readonly string[]>>;

/** One of them can't be taken. */
export interface PropertyRefusal {
  readonly setting: string;
  /** What is wrong and what to do, without the name. */
  readonly message: string;
}

export type ParsedUnitProperties =
  | {
      readonly kind: 'properties';
      /** In the order of the settings; a property may come more than once. */
      readonly properties: readonly UnitProperty[];
    }
  | { readonly kind: 'refused'; readonly refusals: readonly [PropertyRefusal, ...PropertyRefusal[]] };

/**
 * What `spec.unitProperties` says, for D-Bus; or everything in it that can't be taken: unknown names, those that belong to hublet
 * or to a field of the spec, and texts that a unit file could not have either.
 *
 * A list is assignments one after the other; an empty list assigns nothing. Specifiers (`%h`) are not expanded.
 * @see systemd.syntax(7)
 */
export function parseUnitProperties(texts: UnitProperties, host: HostMemory = {}): ParsedUnitProperties {
  const properties: UnitProperty[] = [];
  const refusals: PropertyRefusal[] = [];
  for (const [name, value] of Object.entries(texts)) {
    const message = nameProblem(name);
    const result = message === undefined ? readSetting(name, value, host) : { message };
    if ('message' in result) refusals.push({ setting: name, message: result.message });
    else properties.push(...result.properties);
  }
  const [first, ...more] = refusals;
  return first === undefined ? { kind: 'properties', properties } : { kind: 'refused', refusals: [first, ...more] };
}

/** Why `spec.unitProperties` can't have a setting of this name; undefined: it can. */
export function nameProblem(name: string): string | undefined {
  const setting = settingOf(name);
  if (setting === undefined) return unknownProblem(name);
  switch (setting.owner.kind) {
    case 'free':
    case 'preset':
      return undefined;
    case 'field':
      return `is ${setting.owner.path} in a spec: write it there`;
    case 'hublet':
      return `belongs to hublet: ${setting.owner.reason}`;
  }
}

/** Whether a command in it runs with rights that the server does not have (`+`, `!`, `!!` before it). What can't be read doesn't. */
export function usesPrivilegePrefix(texts: UnitProperties): boolean {
  return Object.entries(texts).some(([name, value]) => {
    const setting = settingOf(name);
    if (setting === undefined || !setting.rows.some((row) => row.signature === 'a(sasas)')) return false;
    const result = readSetting(name, value, {});
    return 'properties' in result && result.properties.some(({ signature }) => signature === 'a(sasas)');
  });
}

/**
 * A plan's properties with those of `spec.unitProperties` after them. What hublet presets goes where they have another; a list
 * that both have is both together, hublet's first.
 */
export function withUnitProperties(planned: readonly UnitProperty[], own: readonly UnitProperty[]): UnitProperty[] {
  const replaced = new Set(
    own.flatMap(({ name }) => {
      const setting = settingOf(propertyRow(name)?.setting ?? '');
      return setting?.owner.kind === 'preset' ? setting.rows.map((row) => row.name) : [];
    }),
  );
  const kept = replaced.size === 0 ? planned : planned.filter(({ name }) => !replaced.has(name));
  return [...kept, ...own];
}

/** `spec.unitProperties` of an admitted server, by what changes them. */
export interface OwnProperties {
  /** Values of those that change in a running unit, by D-Bus name. */
  readonly live: Readonly<Record<string, unknown>>;
  readonly fixed: readonly UnitProperty[];
}

/** @throws {TypeError} where they can't be taken; `admit` has refused such a server before */
export function ownProperties(texts: UnitProperties, host: HostMemory): OwnProperties {
  const parsed = parseUnitProperties(texts, host);
  if (parsed.kind === 'refused') {
    throw new TypeError(`spec.unitProperties.${parsed.refusals[0].setting}: ${parsed.refusals[0].message}`);
  }
  const isLive = ({ name }: UnitProperty): boolean => propertyRow(name)?.change === 'live';
  return {
    live: Object.fromEntries(parsed.properties.filter(isLive).map(({ name, value }) => [name, value])),
    fixed: parsed.properties.filter((property) => !isLive(property)),
  };
}

type Reading = { readonly properties: readonly UnitProperty[] } | { readonly message: string };

function readSetting(name: string, value: string | readonly string[], host: HostMemory): Reading {
  const texts = typeof value === 'string' ? [value] : value;
  if (texts.length === 0) return { properties: [] };
  try {
    return { properties: settingOf(name)?.read(texts, host) ?? [] };
  } catch (err) {
    if (err instanceof PropertySyntaxError) return { message: err.message };
    throw err;
  }
}

function unknownProblem(name: string): string {
  if (/^(?:Condition|Assert)[A-Z]/.test(name)) return `belongs to hublet: ${CONDITION_REASON}`;
  const known = propertyRow(name)?.setting;
  if (known !== undefined) return `is what D-Bus calls ${known}: write ${known}${advice(known)}`;
  const near = suggest(
    name,
    allSettings().map((setting) => setting.name),
  );
  const hint =
    near === undefined ? 'see systemd.exec(5) and systemd.resource-control(5)' : `did you mean ${near}${advice(near)}?`;
  return `is no setting of a service that hublet knows: ${hint}`;
}

/** Where else to write a setting that unitProperties does not take. */
function advice(name: string): string {
  const owner: Setting['owner'] | undefined = settingOf(name)?.owner;
  return owner?.kind === 'field' ? `, which is ${owner.path} in a spec` : '';
}
