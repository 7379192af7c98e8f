import type * as z from 'zod';
import type { FieldPart, Position } from './document.ts';
import { fieldNamesAt, formatFieldPath, type PathPart } from './schemaWalk.ts';
import { suggest } from './suggest.ts';
import type { Problem, ProblemCode } from './types.ts';

/** More problems than these in one file help nobody. */
export const MAX_PROBLEMS = 25;
/** Longest message, in UTF-16 units: some quote what is written, and every status and event carries them. */
const MAX_MESSAGE_LENGTH = 400;

/** A problem that knows its field but not its line yet. */
export interface FieldProblem {
  readonly path: readonly PathPart[];
  readonly message: string;
  readonly code: ProblemCode;
  /** Where to point: at the field's name or at what is written there. */
  readonly part: FieldPart;
}

/** What a kind of document knows beside its schema, for better messages. */
export interface Vocabulary {
  readonly schema: z.ZodType;
  /** What others call our fields: their name to our path. */
  readonly otherNames: Readonly<Record<string, string>>;
}

/** Everything a schema has against a document, in words for people. Values are repeated only where the schema lists what they may be. */
export function explainIssues(
  issues: readonly z.core.$ZodIssue[],
  document: unknown,
  vocabulary: Vocabulary,
): FieldProblem[] {
  const found: FieldProblem[] = [];
  // A text of 64 KiB can have tens of thousands of issues, and to explain one may mean to compare it with every field there is.
  for (const issue of issues) {
    found.push(...explainIssue(issue, document, vocabulary, []));
    if (found.length >= MAX_PROBLEMS) break;
  }
  return found;
}

/** Problems with line and column, in the order of the text, at most a screenful. */
export function locateProblems(
  problems: readonly FieldProblem[],
  locate: (path: readonly PathPart[], part: FieldPart) => Position,
): Problem[] {
  return problems
    .slice(0, MAX_PROBLEMS)
    .map(({ path, part, message, code }) => ({
      ...locate(path, part),
      path: formatFieldPath(path),
      message: shorten(message),
      code,
    }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

/** `alice.yaml:12:5: spec.port: must be ...`; without the field where the problem is the whole document's. */
export function formatProblem(file: string, problem: Problem): string {
  const field = problem.path === '' ? '' : `${problem.path}: `;
  return `${file}:${problem.line}:${problem.column}: ${field}${problem.message}`;
}

function explainIssue(
  issue: z.core.$ZodIssue,
  document: unknown,
  vocabulary: Vocabulary,
  prefix: readonly PathPart[],
): FieldProblem[] {
  const path = [...prefix, ...(issue.path as PathPart[])];
  const value = valueAt(document, path);
  const wrong = (message: string, part: FieldPart = 'value'): FieldProblem[] => [
    { path, message, code: 'SchemaError', part },
  ];
  if (value === undefined) return wrong('is missing');
  if (value === null) return wrong('is empty: give it a value or remove the line', 'key');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.slice(0, MAX_PROBLEMS).map((key) => explainUnknown(key, path, vocabulary));
    case 'custom':
      return wrong(issue.message);
    case 'invalid_type':
      return wrong(typeMessage([issue.expected], value));
    case 'invalid_value':
      return wrong(choiceMessage(issue.values.map(String), value));
    case 'invalid_key':
      return wrong(issue.issues[0]?.message ?? 'is not a possible name', 'key');
    case 'too_small':
      return wrong(smallMessage(issue, value));
    case 'too_big':
      return wrong(`must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters long' : ''}`);
    case 'invalid_union':
      return explainUnion(issue, value, document, vocabulary, path);
    case 'invalid_element':
    case 'invalid_format':
    case 'not_multiple_of':
      return wrong(issue.message);
  }
}

function explainUnknown(key: string, parent: readonly PathPart[], vocabulary: Vocabulary): FieldProblem {
  const path = [...parent, key];
  const near = suggest(key, fieldNamesAt(vocabulary.schema, parent));
  const elsewhere = Object.hasOwn(vocabulary.otherNames, key) ? vocabulary.otherNames[key] : undefined;
  const hint = near ?? elsewhere ?? nestedName(key, parent, vocabulary);
  const question = hint === undefined ? '' : `, did you mean ${hint}?`;
  return { path, message: `is not a known field${question}`, code: 'UnknownField', part: 'key' };
}

/** A field of that name one level further down or at the top: indentation is easily lost. */
function nestedName(key: string, parent: readonly PathPart[], { schema }: Vocabulary): string | undefined {
  const places = [
    [],
    ...fieldNamesAt(schema, parent).map((name) => [...parent, name]),
    ...fieldNamesAt(schema, []).map((name) => [name]),
  ];
  const place = places.find((candidate) => fieldNamesAt(schema, candidate).includes(key));
  return place === undefined ? undefined : formatFieldPath([...place, key]);
}

function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  value: unknown,
  document: unknown,
  vocabulary: Vocabulary,
  path: readonly PathPart[],
): FieldProblem[] {
  const branches: readonly (readonly z.core.$ZodIssue[])[] = issue.errors;
  const isForeign = (issues: readonly z.core.$ZodIssue[]) =>
    issues.some(({ code, path: inner }) => inner.length === 0 && (code === 'invalid_type' || code === 'invalid_value'));
  const own = branches.find((issues) => !isForeign(issues));
  if (own !== undefined) return own.flatMap((inner) => explainIssue(inner, document, vocabulary, path));
  const inner = branches.flat();
  const choices = inner.flatMap((one) => (one.code === 'invalid_value' ? one.values.map(String) : []));
  const types = inner.flatMap((one) => (one.code === 'invalid_type' ? [one.expected] : []));
  const words = types.flatMap((type) => (type === 'boolean' ? ['true', 'false'] : [TYPE_NAMES[type] ?? type]));
  const allowed = [...choices, ...words];
  const near = typeof value === 'string' ? suggest(value, choices) : undefined;
  const isQuotedNumber = typeof value === 'string' && /^\d+$/.test(value);
  const was = isQuotedNumber
    ? 'a text: take the quotes away'
    : choices.length > 0
      ? describeValue(value)
      : lacksQuotes(types, value)
        ? `${typeName(value)}: put it in quotes`
        : typeName(value);
  const message = `must be ${joinWords(allowed)}, not ${was}`;
  return [
    {
      path,
      message: near === undefined ? message : `${message}, did you mean ${near}?`,
      code: 'SchemaError',
      part: 'value',
    },
  ];
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  tuple: 'a list',
};

/** A number or boolean where only texts (and no numbers) are taken. */
function lacksQuotes(types: readonly string[], value: unknown): boolean {
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  return isScalar && types.includes('string') && !types.includes('number') && !types.includes('int');
}

function typeMessage(expected: readonly string[], value: unknown): string {
  const wanted = joinWords(expected.map((type) => TYPE_NAMES[type] ?? type));
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  if (expected.includes('string') && isScalar) return `must be ${wanted}, not ${typeName(value)}: put it in quotes`;
  if (expected.includes('boolean') && typeof value === 'string') return `must be ${wanted}, without quotes, not a text`;
  if (typeof value === 'string' && (expected.includes('int') || expected.includes('number')))
    return `must be ${wanted}, without quotes or units`;
  if (expected.includes('int') && typeof value === 'number') return `must be ${wanted}, not ${value}`;
  return `must be ${wanted}, not ${typeName(value)}`;
}

function choiceMessage(choices: readonly string[], value: unknown): string {
  const near = typeof value === 'string' && choices.length > 1 ? suggest(value, choices) : undefined;
  const question = near === undefined ? '' : `, did you mean ${near}?`;
  return `must be ${joinWords(choices)}, not ${describeValue(value)}${question}`;
}

function smallMessage(issue: z.core.$ZodIssueTooSmall, value: unknown): string {
  if (Array.isArray(value)) return 'must not be an empty list';
  return `must be at least ${issue.minimum}`;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return Number.isNaN(value) ? 'NaN' : 'a number';
    case 'boolean':
      return String(value);
    default:
      return value === null ? 'empty' : 'a mapping';
  }
}

function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  return typeof value === 'number' ? String(value) : typeName(value);
}

function shorten(message: string): string {
  return message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}...` : message;
}

function joinWords(words: readonly string[]): string {
  const unique = [...new Set(words)];
  return unique.length < 2 ? unique.join('') : `${unique.slice(0, -1).join(', ')} or ${unique.at(-1)}`;
}

function valueAt(document: unknown, path: readonly PathPart[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<PathPart, unknown>)[part]
        : undefined,
    document,
  );
}
