import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  type Pair,
  parseDocument,
  stringify,
  type YAMLMap,
} from '../spec/yaml.ts';

/** YAML and JSON as the command line prints them, and the small edits it makes in a spec somebody wrote by hand. */

/** A value that an edit sets. */
export type EditValue = string | boolean | Readonly<Record<string, string>>;

/** One YAML document, lines as long as they are. */
export function toYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0 });
}

/** JSON with two blanks of indentation and a line break at its end. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** `metadata.name` of a spec's text; undefined where it can't be read or is no string. */
export function readSpecName(text: string): string | undefined {
  const document = parseDocument(text);
  if (!isMap(document.contents)) return undefined;
  const name = document.getIn(['metadata', 'name']);
  return typeof name === 'string' ? name : undefined;
}

/**
 * A spec's text with one field set, or taken away where `value` is undefined.
 *
 * Only that field's own characters change: comments, order, quotes and indentation of all others stay. Where the text is
 * written so that this can't be done (an alias, several keys on one line), it is printed anew, still with its comments.
 * The text must be valid YAML with a map at its root.
 */
export function editSpec(text: string, path: readonly string[], value: EditValue | undefined): string {
  const document = parseDocument(text);
  const spliced = splice(text, document, path, value);
  const empty = path.slice(0, -1).findIndex((_, depth) => document.getIn(path.slice(0, depth + 1)) === null);
  // A key without a value holds null, below which nothing can be set.
  if (empty !== -1) document.deleteIn(path.slice(0, empty + 1));
  if (value === undefined && document.hasIn(path)) document.deleteIn(path);
  if (value !== undefined) document.setIn(path, document.createNode(value));
  if (spliced !== undefined && means(spliced, document.toJS())) return spliced;
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function means(text: string, wanted: unknown): boolean {
  const document = parseDocument(text);
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), wanted);
}

function splice(
  text: string,
  document: Document.Parsed,
  path: readonly string[],
  value: EditValue | undefined,
): string | undefined {
  let map: unknown = document.contents;
  for (const [depth, key] of path.entries()) {
    if (!isMap(map)) return undefined;
    const pair = map.items.find((item) => isScalar(item.key) && item.key.value === key);
    const rest = path.slice(depth + 1);
    if (pair === undefined) return value === undefined ? text : insert(text, map, [key, ...rest], value);
    if (rest.length === 0) return value === undefined ? remove(text, map, pair) : replace(text, map, pair, value);
    if (isEmpty(pair.value)) return value === undefined ? text : insertBelow(text, map, pair, rest, value);
    map = pair.value;
  }
  return undefined;
}

/** Whether a key has no value: `key:` alone is null. */
function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null && node.source === '');
}

function insertBelow(
  text: string,
  map: YAMLMap,
  pair: Pair,
  path: readonly string[],
  value: EditValue,
): string | undefined {
  const indent = indentOf(text, startOf(pair));
  if (indent === undefined || map.flow === true) return undefined;
  const at = afterLine(text, rangeOf(pair.key)?.[1] ?? Number.NaN);
  return cut(text, at, at, blockPath(path, value, `${indent}  `, newline(text)));
}

function insert(text: string, map: YAMLMap, path: readonly string[], value: EditValue): string | undefined {
  const last = map.items.at(-1);
  if (map.flow === true) {
    const field = inlinePath(path, value);
    if (last !== undefined) return cut(text, endOf(last), endOf(last), `, ${field}`);
    const start = map.range?.[0];
    return start === undefined ? undefined : cut(text, start + 1, start + 1, field);
  }
  const first = map.items[0];
  if (first === undefined || last === undefined) return undefined;
  const indent = indentOf(text, startOf(first));
  const at = afterLine(text, endOf(last));
  if (indent === undefined || at === undefined) return undefined;
  const opening = text[at - 1] === '\n' ? '' : newline(text);
  return cut(text, at, at, opening + blockPath(path, value, indent, newline(text)));
}

function replace(text: string, map: YAMLMap, pair: Pair, value: EditValue): string | undefined {
  if (isCollection(pair.value) && pair.value.flow !== true) {
    const indent = indentOf(text, startOf(pair));
    const key = isScalar(pair.key) ? String(pair.key.value) : '';
    if (indent === undefined || map.flow === true) return undefined;
    const start = startOf(pair) - indent.length;
    return cut(text, start, afterLine(text, endOf(pair)), blockPath([key], value, indent, newline(text)));
  }
  const range = rangeOf(pair.value);
  if (range === undefined) return undefined;
  const gap = text[range[0] - 1] === ':' ? ' ' : '';
  return cut(text, range[0], range[1], gap + inline(value));
}

function remove(text: string, map: YAMLMap, pair: Pair): string | undefined {
  const index = map.items.indexOf(pair);
  if (map.items.length === 1) return undefined;
  if (map.flow === true) {
    const next = map.items[index + 1];
    const before = map.items[index - 1];
    if (next !== undefined) return cut(text, startOf(pair), startOf(next), '');
    return before === undefined ? undefined : cut(text, endOf(before), endOf(pair), '');
  }
  const indent = indentOf(text, startOf(pair));
  return indent === undefined ? undefined : cut(text, startOf(pair) - indent.length, afterLine(text, endOf(pair)), '');
}

function cut(text: string, start: number | undefined, end: number | undefined, middle: string): string | undefined {
  return start === undefined || end === undefined ? undefined : text.slice(0, start) + middle + text.slice(end);
}

function rangeOf(node: unknown): readonly [number, number, number] | undefined {
  return isScalar(node) || isCollection(node) ? (node.range ?? undefined) : undefined;
}

function startOf(pair: Pair): number {
  return rangeOf(pair.key)?.[0] ?? Number.NaN;
}

function endOf(pair: Pair): number {
  return rangeOf(pair.value)?.[1] ?? rangeOf(pair.key)?.[1] ?? Number.NaN;
}

/** The blanks before a position on its line; undefined where something else stands there. */
function indentOf(text: string, position: number): string | undefined {
  const blanks = text.slice(text.lastIndexOf('\n', position - 1) + 1, position);
  return /^ *$/.test(blanks) ? blanks : undefined;
}

/** Where the line after this position starts; the end of the text where there is none. */
function afterLine(text: string, position: number): number | undefined {
  if (Number.isNaN(position)) return undefined;
  if (text[position - 1] === '\n') return position;
  const end = text.indexOf('\n', position);
  return end === -1 ? text.length : end + 1;
}

function newline(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

function blockPath(path: readonly string[], value: EditValue, indent: string, lineEnd: string): string {
  const [key = '', ...rest] = path;
  if (rest.length === 0) return `${indent}${key}: ${inline(value)}${lineEnd}`;
  return `${indent}${key}:${lineEnd}${blockPath(rest, value, `${indent}  `, lineEnd)}`;
}

function inlinePath(path: readonly string[], value: EditValue): string {
  const [key = '', ...rest] = path;
  return rest.length === 0 ? `${key}: ${inline(value)}` : `${key}: {${inlinePath(rest, value)}}`;
}

/** JSON is YAML; keys are plain words here. */
function inline(value: EditValue): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, text]) => `${key}: ${JSON.stringify(text)}`);
  return `{${fields.join(', ')}}`;
}
