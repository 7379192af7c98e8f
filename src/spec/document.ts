import { unsafeCharacterIn } from './characters.ts';
import { formatFieldPath, type PathPart } from './schemaWalk.ts';
import type { Problem } from './types.ts';
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
} from './yaml.ts';
import { yamlMessage } from './yamlMessages.ts';

/** Largest spec or configuration file, in UTF-8 bytes. */
export const MAX_DOCUMENT_BYTES = 64 * 1024;
/** Aliases that may be followed in one document, those inside of aliased values counted each time: no bombs. */
const MAX_ALIASES = 32;
/** Values that aliases may stand for in one document, all together. */
const MAX_ALIASED_VALUES = 4_000;
const MAX_DEPTH = 32;
/** Collections in each other beyond which the text is not even composed: how much deeper the stack reaches is chance. */
const MAX_TOKEN_DEPTH = 64;

/** What a text may hold, made once: to make it for each text costs a third of reading it. */
const CORE_SCHEMA = [...new Composer({ version: '1.2', schema: 'core' }).compose([], true)][0]?.schema ?? 'core';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Which part of a field a position is wanted of. */
export type FieldPart = 'key' | 'value';

export type ReadDocument =
  | {
      readonly kind: 'document';
      /** Plain JSON values: objects, arrays, strings, numbers (also NaN and Infinity), booleans and null. */
      readonly value: unknown;
      /** Where a field stands; of one that is absent its nearest parent. */
      locate(path: readonly PathPart[], part: FieldPart): Position;
    }
  /** Nothing but blanks and comments. */
  | { readonly kind: 'empty' }
  /** `isAtEnd`: the text may only be cut off. */
  | { readonly kind: 'failed'; readonly problem: Problem; readonly isAtEnd: boolean };

/**
 * One YAML 1.2 document (core schema) as plain values that know their line and column.
 *
 * Refused: more than 64 KiB, a second document, duplicate keys, unknown tags, directives, many aliases, characters that neither
 * systemd nor D-Bus can carry. Never throws, whatever the text.
 */
export function readDocument(text: string): ReadDocument {
  if (text.length > MAX_DOCUMENT_BYTES || Buffer.byteLength(text) > MAX_DOCUMENT_BYTES) {
    const problem = problemAt({ line: 1, column: 1 }, '', 'TooLarge', 'is larger than 64 KiB');
    return { kind: 'failed', problem, isAtEnd: false };
  }
  const lines = new LineCounter();
  try {
    return convertDocument(compose(text, lines), text, lines);
  } catch (error) {
    if (error instanceof Refusal) return failed(error, text, lines);
    // The parser's only known throw is the stack running out; a file must not be able to end the controller in any case.
    return failed(new Refusal(0, [], `is not YAML that can be read (${(error as Error).name})`), text, lines);
  }
}

/**
 * What the parser makes of the text, with all that it has against it; only the first thing is ever told.
 *
 * A text may be wrong at each of its bytes. To make tens of thousands of errors, each with a stack, would take a second.
 */
function compose(text: string, lines: LineCounter): Document.Parsed {
  const composer = new Composer({
    prettyErrors: false,
    stringKeys: true,
    // Checked while converting, where it costs linear time.
    uniqueKeys: false,
    version: '1.2',
    schema: CORE_SCHEMA,
  });
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const [document, second] = composer.compose(tokensOf(text, lines), true, text.length);
    if (document === undefined) throw new Refusal(0, [], 'is not YAML that can be read');
    const secondStart = second?.range[0] ?? text.length;
    const isFirstWrong = document.errors.some(({ pos }) => pos[0] < secondStart);
    if (second !== undefined && !isFirstWrong) throw new Refusal(secondStart, [], yamlMessage('MULTIPLE_DOCS'));
    return document;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The text's tokens, of what is no YAML only the first. */
function* tokensOf(text: string, lines: LineCounter): ReturnType<Parser['parse']> {
  let hasError = false;
  for (const token of new Parser(lines.addNewLine).parse(text)) {
    if (token.type === 'document') refuseDeepNesting(token);
    if (token.type !== 'error' || !hasError) yield token;
    hasError ||= token.type === 'error';
  }
}

function refuseDeepNesting(document: CST.Document): void {
  let level: readonly CST.Token[] = document.value === undefined ? [] : [document.value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_TOKEN_DEPTH) throw new Refusal(level[0]?.offset ?? 0, [], 'is nested too deeply');
    const items = level.flatMap((token) => ('items' in token ? token.items : []));
    level = items.flatMap(({ key, value }) => [key, value]).filter((token) => token !== undefined && token !== null);
  }
}

function convertDocument(document: Document.Parsed, text: string, lines: LineCounter): ReadDocument {
  const [error] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  if (error !== undefined) throw new Refusal(error.pos[0], [], yamlMessage(error.code), error.pos[1]);
  if (document.directives.yaml.explicit === true)
    throw new Refusal(0, [], 'must not have a %YAML line: it is YAML 1.2');
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null && root.source === '')) return { kind: 'empty' };
  const value = new Converter(document).convert(root, []);
  return {
    kind: 'document',
    value,
    locate: (path, part) => positionOf(lines, offsetOf(document, root, path, part), text),
  };
}

/** Turns nodes into plain values, refusing what a spec must not hold. */
class Converter {
  readonly #document: Document.Parsed;
  #aliases = 0;
  #aliasDepth = 0;
  #aliasedValues = 0;

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  convert(node: unknown, path: readonly PathPart[]): unknown {
    if (node === null || node === undefined) return null;
    if (path.length > MAX_DEPTH) throw new Refusal(startOf(node), path, 'is nested too deeply');
    if (isAlias(node)) {
      this.#aliases++;
      if (this.#aliases > MAX_ALIASES) throw new Refusal(startOf(node), path, `uses more than ${MAX_ALIASES} aliases`);
      this.#aliasDepth++;
      const value = this.convert(node.resolve(this.#document), path);
      this.#aliasDepth--;
      return value;
    }
    if (this.#aliasDepth > 0 && ++this.#aliasedValues > MAX_ALIASED_VALUES) {
      throw new Refusal(startOf(node), path, `is one of more than ${MAX_ALIASED_VALUES} values that aliases stand for`);
    }
    if (isScalar(node)) {
      if (typeof node.value === 'string') refuseUnsafeCharacters(node.value, startOf(node), path);
      return node.value;
    }
    if (isSeq(node)) return node.items.map((item, index) => this.convert(item, [...path, index]));
    if (isMap(node)) return this.#convertMap(node.items, path);
    throw new Refusal(startOf(node), path, 'is not a value that a file may hold');
  }

  #convertMap(items: readonly { key: unknown; value: unknown }[], path: readonly PathPart[]): object {
    const offsets = new Map<string, number>();
    const object: Record<string, unknown> = {};
    for (const { key, value } of items) {
      const offset = startOf(key);
      if (!isScalar(key) || typeof key.value !== 'string')
        throw new Refusal(offset, path, 'has a key that is not a plain text');
      const name = key.value;
      // Told without it: in { TOKEN, s3cret } it is no name.
      if (value === null) throw new Refusal(offset, path, 'has a name without a value: is a colon missing?');
      refuseUnsafeCharacters(name, offset, path);
      if (name === '__proto__') throw new Refusal(offset, [...path, name], 'is not a possible name');
      const first = offsets.get(name);
      if (first !== undefined) throw new Refusal(offset, [...path, name], 'is written twice', offset, first);
      offsets.set(name, offset);
      object[name] = this.convert(value, [...path, name]);
    }
    return object;
  }
}

/** Why a text can't be taken; offsets count UTF-16 units from 0. */
class Refusal extends Error {
  readonly offset: number;
  readonly path: readonly PathPart[];
  readonly endOffset: number;
  /** Where the same thing stands already. */
  readonly firstOffset: number | undefined;

  constructor(offset: number, path: readonly PathPart[], message: string, endOffset = offset, firstOffset?: number) {
    super(message);
    this.offset = offset;
    this.path = path;
    this.endOffset = endOffset;
    this.firstOffset = firstOffset;
  }
}

function failed(refusal: Refusal, text: string, lines: LineCounter): ReadDocument {
  const first =
    refusal.firstOffset === undefined ? '' : `, first on line ${positionOf(lines, refusal.firstOffset, text).line}`;
  const position = positionOf(lines, refusal.offset, text);
  const end = text.trimEnd().length;
  const isOnUnfinishedLine = !text.endsWith('\n') && refusal.offset > text.lastIndexOf('\n');
  return {
    kind: 'failed',
    problem: problemAt(position, formatFieldPath(refusal.path), 'ParseError', refusal.message + first),
    isAtEnd: refusal.endOffset >= end || isOnUnfinishedLine,
  };
}

function problemAt(position: Position, path: string, code: Problem['code'], message: string): Problem {
  return { ...position, path, code, message };
}

function refuseUnsafeCharacters(text: string, offset: number, path: readonly PathPart[]): void {
  const unsafe = unsafeCharacterIn(text);
  if (unsafe !== undefined) throw new Refusal(offset, path, `holds the character ${unsafe}, which systemd can't take`);
}

function offsetOf(document: Document.Parsed, root: Node, path: readonly PathPart[], part: FieldPart): number {
  let node: unknown = root;
  let offset = startOf(root);
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
      node = node.items[step];
      offset = startOf(node);
    } else if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) return offset;
      const wantsKey = part === 'key' || index < path.length - 1 || isEmptyNode(pair.value);
      node = pair.value;
      offset = wantsKey ? startOf(pair.key) : startOf(node);
    } else {
      return offset;
    }
  }
  return offset;
}

function isEmptyNode(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null && (node.source ?? '') === '');
}

function startOf(node: unknown): number {
  const range = (node as { range?: readonly number[] | null } | null)?.range;
  return range?.[0] ?? 0;
}

function positionOf(lines: LineCounter, offset: number, text: string): Position {
  const { line, col } = lines.linePos(Math.min(offset, text.length));
  return line === 0 ? { line: 1, column: offset + 1 } : { line, column: col };
}
