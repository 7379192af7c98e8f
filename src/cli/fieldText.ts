import { OTHER_NAMES } from '../spec/contractFields.ts';
import { effectOfSpecField } from '../spec/fieldReference.ts';
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
  const facts = [
    ['type', typeWords(node)],
    ['default', defaultWords(field)],
    ['systemd', propertiesOf(node.description ?? '').join(', ')],
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

/** Properties of systemd that a description names, as it writes them: `MemoryMax=`. */
export function propertiesOf(description: string): readonly string[] {
  return [...description.matchAll(/\b[A-Z][A-Za-z]+=/g)].map(([name]) => name);
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
