import { serverSchema } from '../spec/schema.ts';
import { fieldNamesAt } from '../spec/schemaWalk.ts';
import { OLDEST_SYSTEMD } from './properties/row.ts';
import { allSettings, type Setting, settingOf } from './table.ts';

/** When a change of a field takes effect on a server that runs. */
export type Effect = 'live' | 'at once' | 'restart' | 'next start';

/** Fields that hublet follows alone. */
const AT_ONCE =
  /^metadata|^spec\.(?:probes|restartPolicy|backoff|schedule|idle|maxAge|suspend|updateStrategy|deletionPolicy|priority)\b/;
/** Fields that are as live as what is in them. */
const AS_THEIR_PARTS = /^spec\.(?:profile|unitProperties)$/;

/**
 * Settings of systemd that a field of a spec becomes: those that its description names, as `MemoryMax=`, or else those that are its
 * own; the fields below it don't count. `path` is as `spec.resources.io.readIops`; elements and values are their list's or map's.
 */
export function settingsOfField(path: string, description: string): readonly Setting[] {
  const named = [...description.matchAll(/\b[A-Z][A-Za-z]+(?==)/g)].flatMap(([name]) => settingOf(name) ?? []);
  if (named.length > 0) return named;
  const field = wholeField(path);
  return allSettings().filter(({ owner }) => owner.kind === 'field' && owner.path === field);
}

/** When a change of a field of a spec takes effect; undefined: as the fields or properties in it do. */
export function effectOfField(path: string, description: string): Effect | undefined {
  const field = wholeField(path);
  if (AT_ONCE.test(field)) return 'at once';
  if (!field.startsWith('spec.') || AS_THEIR_PARTS.test(field)) return undefined;
  if (fieldNamesAt(serverSchema, field.split('.')).length > 0) return undefined;
  const changes = settingsOfField(field, description).map(({ rows: [main] }) => main.change);
  if (changes.length === 0) return 'restart';
  if (changes.every((change) => change === 'live')) return 'live';
  return changes.every((change) => change === 'none') ? 'next start' : 'restart';
}

/** The first systemd that has all of these settings; undefined: every one that hublet runs with. */
export function neededSystemd(settings: readonly Setting[]): number | undefined {
  const since = Math.max(OLDEST_SYSTEMD, ...settings.map((setting) => setting.since));
  return since > OLDEST_SYSTEMD ? since : undefined;
}

/** Without the `[]` of an element or the `.NAME` of a map's value. */
function wholeField(path: string): string {
  return path.replace(/(?:\[\]|\.NAME)+$/, '');
}
