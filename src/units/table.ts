import { EXEC } from './properties/exec.ts';
import { RESOURCE_CONTROL } from './properties/resourceControl.ts';
import type { LiveRow, PropertyRow, Setting } from './properties/row.ts';
import { SANDBOX } from './properties/sandbox.ts';
import { KILL, SERVICE } from './properties/service.ts';
import { UNIT } from './properties/unit.ts';

export type { FixedRow, LiveRow, Owner, PropertyRow, Setting } from './properties/row.ts';

/**
 * The one table of systemd properties that hublet sends or reads: compiling, comparing, live or restart, reading back and
 * unit-file syntax all come from its rows, one list a man page in properties/. A property without a row is not sent.
 */
const SETTINGS: readonly Setting[] = [...RESOURCE_CONTROL, ...EXEC, ...SANDBOX, ...SERVICE, ...KILL, ...UNIT];

const BY_SETTING: ReadonlyMap<string, Setting> = new Map(SETTINGS.map((setting) => [setting.name, setting]));
/** A property that carries two settings has the row of the first. */
const BY_PROPERTY: ReadonlyMap<string, PropertyRow> = new Map(
  SETTINGS.flatMap(({ rows }) => rows.map((row) => [row.name, row] as const)).reverse(),
);
const ROWS: readonly PropertyRow[] = [...BY_PROPERTY.values()].reverse();
const LIVE: readonly LiveRow[] = ROWS.filter((row) => row.change === 'live');

/** The row of a property by its D-Bus name; undefined where hublet knows no such property. */
export function propertyRow(name: string): PropertyRow | undefined {
  return BY_PROPERTY.get(name);
}

/** Every row, in no order that matters. */
export function propertyRows(): readonly PropertyRow[] {
  return ROWS;
}

/** The rows of properties that change in a running unit. */
export function liveRows(): readonly LiveRow[] {
  return LIVE;
}

/** A setting by its name in unit files; undefined where hublet knows none. */
export function settingOf(name: string): Setting | undefined {
  return BY_SETTING.get(name);
}

/** Every setting, in no order that matters. */
export function allSettings(): readonly Setting[] {
  return SETTINGS;
}
