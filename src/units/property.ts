import { propertyRow } from './table.ts';
import type { UnitProperty } from './types.ts';

/** A property with the D-Bus type of its row. @throws {TypeError} without a row it must not be sent */
export function property(name: string, value: unknown): UnitProperty {
  const row = propertyRow(name);
  if (row === undefined) throw new TypeError(`the property table has no row for ${name}`);
  return { name, signature: row.signature, value };
}

/** The property, or nothing where there is no value: systemd then has its default. */
export function optionalProperty(name: string, value: unknown): UnitProperty[] {
  return value === undefined ? [] : [property(name, value)];
}

/** The list as a property, or nothing where it is empty. */
export function listProperty(name: string, values: readonly unknown[]): UnitProperty[] {
  return values.length === 0 ? [] : [property(name, values)];
}
