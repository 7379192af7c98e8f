/** Text of one file -> the document that is written there, or what is wrong where. */
import { canonicalJson } from './canonical.ts';
import { findContradictions, nameProblems } from './consistency.ts';
import { OTHER_NAMES } from './contractFields.ts';
import { type ReadDocument, readDocument } from './document.ts';
import { explainIssues, type FieldProblem, locateProblems, type Vocabulary } from './problems.ts';
import { type ServerDocument, serverSchema } from './schema.ts';
import type { ParsedSpec, Problem } from './types.ts';

const VOCABULARY: Vocabulary = {
  schema: serverSchema,
  otherNames: OTHER_NAMES,
};

/**
 * Judges the text of a spec file whose name without `.yaml` is `stem`.
 *
 * `incomplete`: empty, cut off, or without apiVersion and kind, so somebody may still be writing it. Never throws, whatever the text.
 */
export function parseSpec(text: string, stem: string): ParsedSpec {
  const read = readDocument(text);
  switch (read.kind) {
    case 'empty':
      return incomplete('is empty: it begins with apiVersion: hublet/v1 and kind: Server');
    case 'failed':
      return read.isAtEnd
        ? { kind: 'incomplete', problem: { ...read.problem, code: 'Incomplete' } }
        : { kind: 'invalid', problems: [read.problem] };
    case 'document':
      return judgeDocument(read, stem);
  }
}

function judgeDocument({ value, locate }: ReadDocument & { readonly kind: 'document' }, stem: string): ParsedSpec {
  const missing = ['apiVersion', 'kind'].filter((name) => !hasField(value, name));
  if (missing.length > 0 && !Array.isArray(value)) {
    return incomplete(`has no ${missing.join(' and no ')}: it begins with apiVersion: hublet/v1 and kind: Server`);
  }
  const result = serverSchema.safeParse(value);
  if (!result.success) {
    const found = [...explainIssues(result.error.issues, value, VOCABULARY), ...wrongName(value, stem)];
    return invalid(locateProblems(found, locate));
  }
  const contradictions = findContradictions(result.data, stem);
  if (contradictions.length > 0) return invalid(locateProblems(contradictions, locate));
  return { kind: 'valid', document: result.data, canonical: canonicalJson(value) };
}

/** A plain value as a document; undefined where this version doesn't take it. `stem` is the server's name. */
export function checkDocument(value: unknown, stem: string): ServerDocument | undefined {
  const result = serverSchema.safeParse(value);
  return result.success && findContradictions(result.data, stem).length === 0 ? result.data : undefined;
}

/** Problems of a text that was taken as a document before, with line and column as far as they stand there. */
export function locateInText(problems: readonly FieldProblem[], text: string): Problem[] {
  const read = readDocument(text);
  return locateProblems(problems, read.kind === 'document' ? read.locate : () => ({ line: 1, column: 1 }));
}

/** Said along with other problems, because it often tells that the file is a copy of another. */
function wrongName(value: unknown, stem: string): FieldProblem[] {
  const name = (value as { metadata?: { name?: unknown } | null }).metadata?.name;
  return typeof name === 'string' && name !== '' ? nameProblems(name, stem) : [];
}

function hasField(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}

function incomplete(message: string): ParsedSpec {
  return { kind: 'incomplete', problem: { line: 1, column: 1, path: '', message, code: 'Incomplete' } };
}

function invalid(problems: readonly Problem[]): ParsedSpec {
  const [first, ...rest] = problems;
  if (first === undefined) throw new Error('a spec without problems is not invalid');
  return { kind: 'invalid', problems: [first, ...rest] };
}
