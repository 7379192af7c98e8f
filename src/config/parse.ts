import { OTHER_NAMES } from '../spec/contractFields.ts';
import { type FieldPart, type Position, readDocument } from '../spec/document.ts';
import { explainIssues, type FieldProblem, formatProblem, locateProblems, type Vocabulary } from '../spec/problems.ts';
import type { PathPart } from '../spec/schemaWalk.ts';
import { findConfigProblems } from './consistency.ts';
import { ConfigError } from './errors.ts';
import { type ConfigDocument, configSchema } from './schema.ts';

/** A configuration file that is right in itself. */
export interface ConfigFile {
  readonly path: string;
  readonly document: ConfigDocument;
  locate(path: readonly PathPart[], part: FieldPart): Position;
}

const VOCABULARY: Vocabulary = {
  schema: configSchema,
  otherNames: {
    ...Object.fromEntries(Object.entries(OTHER_NAMES).map(([other, path]) => [other, path.replace(/^spec\./, '')])),
    listen: 'metrics.listen',
    concurrency: 'reconcile.concurrency',
    directories: 'sources',
  },
};

/**
 * One configuration file's text; undefined where the file is empty.
 *
 * @throws {ConfigError} with every problem of the file, by line and column
 */
export function parseConfigFile(text: string, path: string): ConfigFile | undefined {
  const read = readDocument(text);
  switch (read.kind) {
    case 'empty':
      return undefined;
    case 'failed':
      throw new ConfigError([formatProblem(path, read.problem)]);
    case 'document': {
      const result = configSchema.safeParse(read.value);
      if (result.success) return { path, document: result.data, locate: read.locate };
      const problems = explainIssues(result.error.issues, read.value, VOCABULARY).map(explainChain);
      throw new ConfigError(locateProblems(problems, read.locate).map((one) => formatProblem(path, one)));
    }
  }
}

/**
 * Judges what all files are together.
 *
 * @throws {ConfigError} each problem where it stands in the last file that says something of it
 */
export function judgeMerged(document: ConfigDocument, files: readonly ConfigFile[]): void {
  const lines = findConfigProblems(document).map((problem) => {
    const file = files.findLast((one) => holds(one.document, problem.path)) ?? files.findLast(() => true);
    if (file === undefined) return problem.message;
    return locateProblems([problem], file.locate)
      .map((one) => formatProblem(file.path, one))
      .join('\n');
  });
  if (lines.length > 0) throw new ConfigError(lines);
}

/** A profile within a profile is a field that a server has, so it deserves more than "not known". */
function explainChain(problem: FieldProblem): FieldProblem {
  const [section, , field] = problem.path;
  const isChain = section === 'profiles' && field === 'profile' && problem.path.length === 3;
  return isChain ? { ...problem, message: "must not be there: a profile can't build on another one" } : problem;
}

function holds(value: unknown, path: readonly PathPart[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, first)) return false;
  return holds((value as Record<PathPart, unknown>)[first], rest);
}
