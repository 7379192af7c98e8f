import { OTHER_NAMES } from '../spec/contractFields.ts';
import { effectOfField, neededSystemd, settingsOfField } from '../units/fieldFacts.ts';
import type { Setting } from '../units/table.ts';
import { type FoundField, typedPath } from './fieldLookup.ts';
import { childFields, typeWords } from './jsonSchemaNode.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';

const EFFECTS: Readonly<Record<string, string>> = {
  live: 'live: set on the running unit, its processes untouched',
  'at once': 'at once, by hublet alone',
  restart: 'with the next start, see updateStrategy: UpdatePending until then (hublet restart NAME)',
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

function settingsOf({ document, path, node }: FoundField): readonly Setting[] {
  return document === 'server' ? settingsOfField(path, node.description ?? '') : [];
}

/** The systemd that is needed, where not every one that hublet runs with will do. */
function needWords(settings: readonly Setting[]): string {
  const since = neededSystemd(settings);
  return since === undefined ? '' : `systemd ${since}`;
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

function effectWords({ document, path, node }: FoundField): string {
  const effect = document === 'server' ? effectOfField(path, node.description ?? '') : undefined;
  return effect === undefined ? '' : (EFFECTS[effect] ?? effect);
}

/** What systemdspawner, systemd and Kubernetes call it. */
function otherNamesOf({ document, path }: FoundField): readonly string[] {
  if (document !== 'server') return [];
  return Object.keys(OTHER_NAMES).filter((name) => OTHER_NAMES[name] === path);
}
