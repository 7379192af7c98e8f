import { configSchema } from '../config/schema.ts';
import { OTHER_NAMES } from '../spec/contractFields.ts';
import { jsonSchemaOf } from '../spec/jsonSchema.ts';
import { serverSchema } from '../spec/schema.ts';
import { suggest } from '../spec/suggest.ts';
import { type Setting, settingOf } from '../units/table.ts';
import { nameProblem } from '../units/unitProperties.ts';
import { childFields, type JsonSchemaNode, stepInto } from './jsonSchemaNode.ts';

/** A field that somebody asked for, found in one of the schemas. */
export interface FoundField {
  readonly document: DocumentKind;
  /** `spec.resources.memory`; elements of lists are `[]`, names that users choose `NAME`; empty for the document. */
  readonly path: string;
  readonly node: JsonSchemaNode;
  readonly isRequired: boolean;
  /** The name it was asked for by, where that is another program's name of it. */
  readonly otherName?: string;
}

export type DocumentKind = 'server' | 'config';

export type FieldLookup =
  | { readonly kind: 'found'; readonly field: FoundField }
  /** A setting of systemd's unit files: one for spec.unitProperties, or one that hublet keeps for itself. */
  | { readonly kind: 'setting'; readonly setting: Setting }
  /** `message` says what it isn't and what may have been meant. */
  | { readonly kind: 'unknown'; readonly message: string };

const ROOTS: Readonly<Record<DocumentKind, JsonSchemaNode>> = {
  server: jsonSchemaOf(serverSchema) as JsonSchemaNode,
  config: jsonSchemaOf(configSchema) as JsonSchemaNode,
};

/**
 * The field that a text names: `spec.port`, `server.spec.port`, `config.pools`, and also `port`, `resources.memory`, `sources[0].path`
 * or another program's name such as `mem_limit`; and the setting that `unitProperties.LimitCORE` or `LimitCORE` names.
 */
export function findField(text: string): FieldLookup {
  const parts = splitPath(text);
  const inUnit = /^(?:(?:server\.)?spec\.)?unitProperties\.(.+)$/.exec(text)?.[1];
  if (inUnit !== undefined) {
    const setting = settingOf(inUnit);
    if (setting !== undefined) return lookUpSetting(setting);
    return { kind: 'unknown', message: `${text}: ${nameProblem(inUnit) ?? 'no such setting'}` };
  }
  for (const { document, path } of readings(parts)) {
    const field = walk(document, path);
    if (field !== undefined) return { kind: 'found', field };
  }
  const meant = Object.hasOwn(OTHER_NAMES, text) ? OTHER_NAMES[text] : undefined;
  const renamed = meant === undefined ? undefined : walk('server', splitPath(meant));
  if (renamed !== undefined) return { kind: 'found', field: { ...renamed, otherName: text } };
  const setting = settingOf(text);
  if (setting !== undefined) return lookUpSetting(setting);
  return { kind: 'unknown', message: unknownMessage(text, parts) };
}

function lookUpSetting(setting: Setting): FieldLookup {
  const field = setting.owner.kind === 'field' ? walk('server', splitPath(setting.owner.path)) : undefined;
  return field === undefined
    ? { kind: 'setting', setting }
    : { kind: 'found', field: { ...field, otherName: setting.name } };
}

/** `spec.command[0]` is `spec`, `command`, `[]`; `profiles{}.user`, as the reference has it, `profiles`, `NAME`, `user`. */
function splitPath(text: string): readonly string[] {
  return text
    .replaceAll(/\[\d*\]/g, '.[]')
    .replaceAll('{}', '.NAME')
    .split('.')
    .filter((part) => part !== '');
}

interface Reading {
  readonly document: DocumentKind;
  readonly path: readonly string[];
}

/** What a path can mean, the most literal first. */
function readings(parts: readonly string[]): readonly Reading[] {
  const [first = '', ...rest] = parts;
  if (first === 'server' || first === 'config') return [{ document: first, path: rest }];
  return [
    { document: 'server', path: parts },
    { document: 'server', path: ['spec', ...parts] },
    { document: 'config', path: parts },
  ];
}

function walk(document: DocumentKind, parts: readonly string[]): FoundField | undefined {
  let field: FoundField = { document, path: '', node: ROOTS[document], isRequired: true };
  for (const [index, part] of parts.entries()) {
    const step = stepInto(field.node, part);
    if (step === undefined) return undefined;
    field = { document, path: extend(field.path, step.suffix), node: step.node, isRequired: step.isRequired };
    // The key of a map may have dots: `metadata.labels.example.org/team`.
    if (step.isValue && childFields(step.node).length === 0 && parts.length > index + 1) return field;
  }
  return field;
}

function extend(path: string, suffix: string): string {
  return path === '' ? suffix.replace(/^\./, '') : `${path}${suffix}`;
}

function unknownMessage(text: string, parts: readonly string[]): string {
  const [{ document, path } = { document: 'server' as const, path: parts }] = readings(parts);
  const meant = nearestInside(document, path) ?? nearestByName(parts.at(-1) ?? '');
  return meant === undefined
    ? `${text}: no such field: 'hublet explain' lists those of a spec, 'hublet explain config' those of the configuration`
    : `${text}: no such field: did you mean ${meant}?`;
}

/** The path with its first wrong part put right, where everything before it is right. */
function nearestInside(document: DocumentKind, path: readonly string[]): string | undefined {
  for (let length = path.length - 1; length >= 1; length--) {
    const parent = walk(document, path.slice(0, length));
    const wrong = path[length];
    if (parent === undefined || wrong === undefined) continue;
    const name = suggest(
      wrong,
      childFields(parent.node).map((child) => child.name),
    );
    return name === undefined ? undefined : typedPath({ document, path: extend(parent.path, `.${name}`) });
  }
  return undefined;
}

/** A field of any depth whose own name is near. */
function nearestByName(name: string): string | undefined {
  const paths = new Map<string, string>();
  const collect = (field: FoundField): void => {
    for (const child of childFields(field.node)) {
      const below = { ...field, path: extend(field.path, `.${child.name}`), node: child.node };
      if (!paths.has(child.name)) paths.set(child.name, typedPath(below));
      collect(below);
    }
  };
  for (const document of ['server', 'config'] as const) {
    collect({ document, path: '', node: ROOTS[document], isRequired: true });
  }
  const nearest = suggest(name, paths.keys());
  return nearest === undefined ? undefined : paths.get(nearest);
}

/** The path as it can be typed. */
export function typedPath({ document, path }: Pick<FoundField, 'document' | 'path'>): string {
  if (path === '') return document;
  return document === 'config' ? `config.${path}` : path;
}
