import { parseSpec } from '../spec/parse.ts';
import { formatProblem } from '../spec/problems.ts';
import type { ServerSpec } from '../spec/types.ts';
import { CliError, EXIT } from './errors.ts';

/** What a spec's text asks for, or a line for each thing that is wrong with it: `file:line:column: field: what`. */
export type CheckedSpec =
  | { readonly kind: 'valid'; readonly spec: ServerSpec }
  | { readonly kind: 'invalid'; readonly lines: readonly string[] };

/** Judges a text as the controller would judge a file `<stem>.yaml`; `label` stands for the file in messages. */
export function checkSpec(text: string, stem: string, label: string): CheckedSpec {
  const parsed = parseSpec(text, stem);
  switch (parsed.kind) {
    case 'valid':
      return { kind: 'valid', spec: parsed.spec };
    case 'incomplete':
      return { kind: 'invalid', lines: [formatProblem(label, parsed.problem)] };
    case 'invalid':
      return { kind: 'invalid', lines: parsed.problems.map((problem) => formatProblem(label, problem)) };
  }
}

/** @throws {CliError} invalid, naming every problem */
export function requireValid(text: string, stem: string, label: string): ServerSpec {
  const checked = checkSpec(text, stem, label);
  if (checked.kind === 'invalid') throw new CliError(EXIT.invalid, checked.lines.join('\n'));
  return checked.spec;
}
