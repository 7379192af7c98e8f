import { propertyRow, settingOf } from './table.ts';
import type { UnitProperty } from './types.ts';

/** A property that a systemd does not have yet. */
export interface Unsupported {
  /** Its D-Bus name. */
  readonly property: string;
  /** Where a spec asks for it, `spec.unitProperties.MemoryZSwapMax`. */
  readonly path: string;
  /** The first systemd that has it. */
  readonly since: number;
}

/** The number of a systemd from what it says of itself: 252 of `252.39-1~deb12u2`, 257 of `v257~rc1`. Undefined: it has none. */
export function parseSystemdVersion(text: string): number | undefined {
  const digits = /^(?:systemd )?v?(\d{2,4})(?!\d)/.exec(text.trim())?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Those of the properties that this systemd does not have, each once.
 *
 * Empty where its version can't be read, or isn't known yet: systemd then refuses them itself.
 */
export function unsupportedProperties(
  properties: readonly UnitProperty[],
  systemdVersion: string,
): readonly Unsupported[] {
  const version = parseSystemdVersion(systemdVersion);
  if (version === undefined) return [];
  const missing = new Map<string, Unsupported>();
  for (const { name } of properties) {
    const row = propertyRow(name);
    if (row === undefined || row.since <= version) continue;
    missing.set(name, { property: name, path: pathOf(row.setting), since: row.since });
  }
  return [...missing.values()];
}

/** What to tell of them, one sentence; undefined: nothing is missing. */
export function unsupportedProblem(missing: readonly Unsupported[], systemdVersion: string): string | undefined {
  if (missing.length === 0) return undefined;
  const wants = missing.map(({ path, since }) => `${path} needs systemd ${since}`).join(', ');
  return `${wants}, and this host has ${parseSystemdVersion(systemdVersion)}: leave it out, or upgrade systemd`;
}

function pathOf(setting: string): string {
  const owner = settingOf(setting)?.owner;
  return owner?.kind === 'field' ? owner.path : `spec.unitProperties.${setting}`;
}
