import { canonicalValue } from './canonical.ts';
import { INFINITY } from './syntax/amounts.ts';
import { type LiveRow, liveRows, propertyRow } from './table.ts';
import type { UnitProperty } from './types.ts';

/** Live properties as systemd reports them, by D-Bus name. One that is absent counts as unset. */
export type LiveValues = Readonly<Record<string, unknown>>;

/** Of a plan's live properties, those that systemd has another value of: what SetUnitProperties must be given. Empty: nothing to do. */
export function diffLive(wanted: readonly UnitProperty[], live: LiveValues): UnitProperty[] {
  return wanted.filter((property) => {
    const row = propertyRow(property.name);
    if (row?.change !== 'live') return false;
    return normalised(row, property.value) !== normalised(row, live[property.name] ?? row.unset);
  });
}

/**
 * The limits in force as status shows them, base units in the names, `memoryMaxBytes` and such. A limit that is not set is absent.
 */
export function appliedLimits(live: LiveValues): Record<string, number | string> {
  const limits: Record<string, number | string> = {};
  for (const row of liveRows()) {
    const value = live[row.name];
    if (row.applied === undefined || value === undefined) continue;
    if (normalised(row, value) !== normalised(row, row.unset)) limits[row.applied.name] = row.applied.convert(value);
  }
  return limits;
}

/**
 * Whether a difference is systemd's own doing: a daemon-reload writes CPUQuota= in whole percents and reads it back, so 1.155 cores
 * become 1.15, and less than a hundredth none. To be corrected like any, but nobody's drift.
 */
export function isReloadRounding({ name, value }: UnitProperty, live: LiveValues): boolean {
  if (name !== 'CPUQuotaPerSecUSec' || typeof value !== 'bigint') return false;
  const row = propertyRow(name) as LiveRow;
  const percents = value / 10_000n;
  const reloaded = percents === 0n ? row.unset : percents * 10_000n;
  return value % 10_000n !== 0n && normalised(row, live[name] ?? row.unset) === normalised(row, reloaded);
}

/** 64-bit values may come as numbers, byte arrays as plain arrays and padded with zeros. */
function normalised(row: LiveRow, value: unknown): string {
  if (row.signature === 't' && typeof value === 'number') return canonicalValue(BigInt(value));
  // One limit for each path: systemd reports the paths in an order of its own, and not those without end.
  if (row.signature === 'a(st)' && Array.isArray(value)) return value.map(pathLimit).sort().join('');
  if (row.signature === 'ay' && (value instanceof Uint8Array || Array.isArray(value))) {
    const bytes = Buffer.from(value as Uint8Array);
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end--;
    return canonicalValue(bytes.subarray(0, end));
  }
  return canonicalValue(value);
}

function pathLimit(entry: unknown): string {
  const [path, limit] = entry as [string, bigint | number];
  return BigInt(limit) === INFINITY ? '' : canonicalValue([path, BigInt(limit)]);
}
