import { formatCores, formatDuration, formatSize } from '../../spec/quantities.ts';
import { canonicalValue } from '../../units/canonical.ts';
import { INFINITY } from '../../units/syntax.ts';
import { propertyRow } from '../../units/table.ts';

/** May hold secrets, wherever the text is pasted; commands, which may too, have no short form. */
const HIDDEN: ReadonlySet<string> = new Set(['Environment', 'StandardInputText']);

/**
 * A property's value for people, in the units of a spec: `512M`, `1.15`, `0-3`, `none` where it is not set.
 *
 * Undefined: it must not be shown, or has no short form.
 */
export function propertyText(name: string, value: unknown): string | undefined {
  if (HIDDEN.has(name)) return undefined;
  const row = propertyRow(name);
  if (row?.change === 'live') {
    if (value === undefined || canonicalValue(value) === canonicalValue(row.unset)) return 'none';
    const applied = row.applied;
    return applied === undefined ? plainText(value) : appliedText(applied.name, applied.convert(value));
  }
  if (row?.signature === 't' && name.endsWith('USec')) return timeText(value);
  if (name === 'UMask' || name.endsWith('Mode')) return Number(value).toString(8).padStart(4, '0');
  return plainText(value);
}

/** `applied` of status has its unit at the end of its name. */
function appliedText(name: string, value: string | number): string {
  if (typeof value === 'string') return value === '' ? 'none' : value;
  if (name.endsWith('Bytes')) return formatSize(value);
  return name.endsWith('Cores') ? formatCores(value) : String(value);
}

function timeText(value: unknown): string {
  const usec = BigInt(value as bigint | number);
  return usec === INFINITY ? 'none' : formatDuration(Number(usec / 1000n));
}

function plainText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return String(value);
    case 'number':
    case 'bigint':
      return BigInt(value) === INFINITY ? 'none' : String(value);
    case 'string':
      return value === '' ? 'none' : value;
    case 'undefined':
      return undefined;
    default:
      if (!Array.isArray(value) || !value.every((element) => typeof element === 'string')) return undefined;
      return value.length === 0 ? 'none' : value.join(' ');
  }
}
