import { type FieldProblem, MAX_PROBLEMS } from '../spec/problems.ts';
import { templatesWithin } from '../spec/templates.ts';
import type { ServerSpec } from '../spec/types.ts';
import { nameProblem, parseUnitProperties } from '../units/unitProperties.ts';

/** A percentage is as well written for one host as for another. */
const ANY_HOST = { memoryBytes: 2 ** 40 };

/**
 * What is wrong with `spec.unitProperties` as it is written, before the host is known. What uses templates is judged by its name
 * only; `admit` judges it once more when they are expanded. At most about as many problems as are ever shown.
 */
export function unitPropertyProblems(properties: ServerSpec['unitProperties']): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const [name, value] of Object.entries(properties)) {
    problems.push(...problemsOf(name, value));
    // An unknown name is compared with every setting that there is, and a text can hold thousands of them.
    if (problems.length >= MAX_PROBLEMS) break;
  }
  return problems;
}

function problemsOf(name: string, value: string | readonly string[]): FieldProblem[] {
  const path = ['spec', 'unitProperties', name];
  const nameIsWrong = nameProblem(name);
  if (nameIsWrong !== undefined) return [{ path, message: nameIsWrong, code: 'SchemaError', part: 'key' }];
  if (templatesWithin(value).size > 0) return [];
  const parsed = parseUnitProperties({ [name]: value }, ANY_HOST);
  if (parsed.kind === 'properties') return [];
  return parsed.refusals.map(({ message }) => ({ path, message, code: 'SchemaError', part: 'value' }));
}
