import { createHmac, type KeyObject } from 'node:crypto';
import { canonicalValue } from './canonical.ts';
import type { ServerEnvironment } from './environment.ts';
import { propertyRow } from './table.ts';
import type { UnitProperty } from './types.ts';

/**
 * HUBLET_UNIT_HASH: HMAC-SHA256, 64 hex digits, over all that only a new unit can change: the properties whose row says
 * `restart`, and the environment without variables that tell a live limit. The order of either does not count, but that of the
 * values of one property does.
 *
 * Keyed, because the mark is world-readable and an environment with a short secret could be guessed from a plain hash.
 */
export function unitHash(key: KeyObject, properties: readonly UnitProperty[], environment: ServerEnvironment): string {
  const fixed = properties
    .flatMap(({ name, signature, value }): [key: string, text: string][] => {
      const row = propertyRow(name);
      if (row?.change !== 'restart') return [];
      const counted = row.hashed === undefined ? value : row.hashed(value);
      if (counted === undefined) return [];
      return [[canonicalValue(name), canonicalValue([name, signature, canonicalValue(counted)])]];
    })
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text);
  const variables = [...environment.variables]
    .filter(([name]) => !environment.liveNames.has(name))
    .map((variable) => canonicalValue(variable))
    .sort();
  return createHmac('sha256', key)
    .update(canonicalValue([fixed, variables]))
    .digest('hex');
}
