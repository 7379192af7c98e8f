import type { UnitMarks } from '../systemd/port.ts';
import { escapedName, unescapedName } from './name.ts';

/**
 * The fields of LogExtraFields= that make a unit ours, each `NAME=value` as bytes; the journal has them with every line of the unit.
 *
 * Without blanks: systemd 252 cuts such a field at a blank when a daemon-reload reads the unit back.
 */
export function buildMarks(marks: UnitMarks): Buffer[] {
  return [
    Buffer.from(`HUBLET_SERVER=${escapedName(marks.server)}`),
    Buffer.from(`HUBLET_INSTANCE=${marks.instance}`),
    Buffer.from(`HUBLET_UNIT_HASH=${marks.hash}`),
  ];
}

/**
 * The marks in a unit's LogExtraFields, as D-Bus gives them (`aay`); `server` is the server's own name, not escaped.
 *
 * Null where one is missing or unreadable: then the unit is nobody's or another program's.
 */
export function parseMarks(fields: unknown): UnitMarks | null {
  if (!Array.isArray(fields)) return null;
  const values = new Map<string, string>();
  for (const field of fields) {
    const text = textOf(field);
    const equals = text.indexOf('=');
    if (equals > 0) values.set(text.slice(0, equals), text.slice(equals + 1));
  }
  const server = unescapedName(values.get('HUBLET_SERVER') ?? '');
  const instance = values.get('HUBLET_INSTANCE');
  const hash = values.get('HUBLET_UNIT_HASH');
  return server && instance && hash ? { server, instance, hash } : null;
}

function textOf(field: unknown): string {
  if (field instanceof Uint8Array) return Buffer.from(field).toString('utf8');
  if (Array.isArray(field) && field.every((byte) => typeof byte === 'number'))
    return Buffer.from(field).toString('utf8');
  return '';
}
