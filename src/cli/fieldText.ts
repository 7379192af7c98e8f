import { OTHER_NAMES } from '../spec/contractFields.ts';
import { effectOfSpecField } from '../spec/fieldReference.ts';
import { OLDEST_SYSTEMD } from '../units/properties/row.ts';
import { allSettings, type Setting } from '../units/table.ts';
import { type FoundField, typedPath } from './fieldLookup.ts';
import { childFields, typeWords } from './jsonSchemaNode.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';

const EFFECTS: Readonly<Record<string, string>> = {
  live: 'live: set on the running unit, its processes untouched',
  'at once': 'at once, by hublet alone',
  restart: 'with the next start: UpdatePending until then (hublet restart NAME)',
  'next start': 'with the next start',
};

/** What `hublet explain` says of a field: type, meaning, default, what of systemd it becomes, when a change takes effect, its fields. */
export function renderField(field: FoundField, style: Style): string {
  const { node } = field;
  const settings = settingsOf(field);
  const facts = [
    ['type', typeWords(node)],
    ['default', defaultWords(field)],
    ['systemd', settings.map(({ name, man }) => `${name}= (${man})`).join(', ')],
    ['needs', needWords(settings)],
    ['a change', effectWords(field)],
    ['elsewhere', otherNamesOf(field).join(', ')],
  ].filter(([, words]) => words !== '');
  const children = childFields(node).map(({ name, node: child, isRequired }) => [
    `  ${name}`,
    typeWords(child),
    `${isRequired ? 'Required. ' : ''}${child.description ?? ''}`,
  ]);
  return [
    ...(field.otherName === undefined ? [] : [`${field.otherName} is here:\n`]),
    `${style.bold(typedPath(field))}\n`,
    ...(node.description === undefined ? [] : [`  ${node.description}\n`]),
    `\n${renderTable(facts.map(([name, words]) => [`  ${name}`, words ?? '']))}`,
    ...(children.length === 0 ? [] : [`\n${style.bold('fields')}\n${renderTable(children)}`]),
  ].join('');
}

/** What `hublet explain` says of a setting of systemd's unit files that no field of a spec has. */
export function renderSetting(setting: Setting, style: Style): string {
  const { name, man, owner, rows } = setting;
  if (owner.kind === 'hublet') return `${style.bold(name)}\n  Belongs to hublet: ${owner.reason}.\n`;
  const isPreset = owner.kind === 'preset';
  const facts = [
    ['type', 'string or list of strings, in the syntax of unit files'],
    ['systemd', `${name}= (${man})`],
    ['on D-Bus', rows.map((row) => `${row.name} (${row.signature})`).join(', ')],
    ['needs', needWords([setting])],
    ['a change', EFFECTS[rows[0].change === 'live' ? 'live' : 'restart'] ?? ''],
  ].filter(([, words]) => words !== '');
  return [
    `${style.bold(`spec.unitProperties.${name}`)}\n`,
    `  What systemd calls ${name}${isPreset ? '; hublet sets it, and this goes in its place' : ''}.\n`,
    `\n${renderTable(facts.map(([title, words]) => [`  ${title}`, words ?? '']))}`,
  ].join('');
}

/** Settings of systemd that a field becomes, the fields below it not counted: those that its description names, or else all. */
function settingsOf({ document, path, node }: FoundField): readonly Setting[] {
  if (document !== 'server') return [];
  const owned = allSettings().filter(({ owner }) => owner.kind === 'field' && owner.path === path);
  const named = owned.filter(({ name }) => node.description?.includes(`${name}=`));
  return named.length > 0 ? named : owned;
}

/** The systemd that is needed, where not every one that hublet runs with will do. */
function needWords(settings: readonly Setting[]): string {
  const since = Math.max(OLDEST_SYSTEMD, ...settings.map((setting) => setting.since));
  return since > OLDEST_SYSTEMD ? `systemd ${since}` : '';
}

function defaultWords({ node, isRequired, path }: FoundField): string {
  if (node.default !== undefined) return typeof node.default === 'string' ? node.default : JSON.stringify(node.default);
  if (path === '' || isPart(path)) return '';
  return isRequired ? 'none: must be given' : '';
}

/** An element of a list or a value of a map: nothing stands for one that isn't there. */
function isPart(path: string): boolean {
  return path.endsWith('[]') || path.endsWith('.NAME');
}

function effectWords({ document, path }: FoundField): string {
  const effect = document === 'server' ? effectOfSpecField(path) : undefined;
  return effect === undefined ? '' : (EFFECTS[effect] ?? effect);
}

/** What systemdspawner, systemd and Kubernetes call it. */
function otherNamesOf({ document, path }: FoundField): readonly string[] {
  if (document !== 'server') return [];
  return Object.keys(OTHER_NAMES).filter((name) => OTHER_NAMES[name] === path);
}
