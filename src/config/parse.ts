import { readDocument } from '../spec/document.ts';
import { explainIssues, formatProblem, locateProblems, type Vocabulary } from '../spec/problems.ts';
import type { Problem } from '../spec/types.ts';
import { ConfigError } from './errors.ts';
import { CONFIG_FIELDS_NOT_IN_THIS_VERSION, type ConfigDocument, configSchema } from './schema.ts';

const VOCABULARY: Vocabulary = {
  schema: configSchema,
  notInThisVersion: CONFIG_FIELDS_NOT_IN_THIS_VERSION,
  otherNames: { listen: 'metrics.listen', concurrency: 'reconcile.concurrency', directories: 'sources' },
};

/**
 * One configuration file's text as a document; undefined where the file is empty.
 *
 * @throws {ConfigError} with every problem of the file, by line and column
 */
export function parseConfigFile(text: string, path: string): ConfigDocument | undefined {
  const refuse = (problems: readonly Problem[]) => new ConfigError(problems.map((one) => formatProblem(path, one)));
  const read = readDocument(text);
  switch (read.kind) {
    case 'empty':
      return undefined;
    case 'failed':
      throw refuse([read.problem]);
    case 'document': {
      const result = configSchema.safeParse(read.value);
      if (result.success) return result.data;
      throw refuse(locateProblems(explainIssues(result.error.issues, read.value, VOCABULARY), read.locate));
    }
  }
}
