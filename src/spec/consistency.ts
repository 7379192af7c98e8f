import type { FieldProblem } from './problems.ts';
import { parseSizeBytes } from './quantities.ts';
import type { ServerDocument } from './schema.ts';
import type { PathPart } from './schemaWalk.ts';
import { templatesIn } from './templates.ts';

/** What is wrong between fields that are right one by one. `stem` is the file's name without `.yaml`. */
export function findContradictions(document: ServerDocument, stem: string): FieldProblem[] {
  return [
    ...nameProblems(document.metadata.name, stem),
    ...memoryProblems(document.spec.resources?.memory ?? {}),
    ...probeProblems(document.spec),
    ...(document.spec.port === 'none' ? portTemplateProblems(document.spec, ['spec']) : []),
  ];
}

/** A server is called as its file is. */
export function nameProblems(name: string, stem: string): FieldProblem[] {
  if (name === stem) return [];
  return [
    wrong(['metadata', 'name'], `must be ${JSON.stringify(stem)}, as the file is called, not ${JSON.stringify(name)}`),
  ];
}

type Memory = NonNullable<NonNullable<ServerDocument['spec']['resources']>['memory']>;

function memoryProblems({ limit, high, guarantee }: Memory): FieldProblem[] {
  const path = (name: string) => ['spec', 'resources', 'memory', name];
  const isMore = (one: string | number | undefined, other: string | number | undefined) =>
    one !== undefined && other !== undefined && parseSizeBytes(one) > parseSizeBytes(other);
  return [
    ...(isMore(high, limit) ? [wrong(path('high'), `must not be more than the limit, ${limit}`)] : []),
    ...(isMore(guarantee, limit) ? [wrong(path('guarantee'), `must not be more than the limit, ${limit}`)] : []),
  ];
}

function probeProblems({ port, probes }: ServerDocument['spec']): FieldProblem[] {
  const probe = probes?.readiness;
  const path = ['spec', 'probes', 'readiness'];
  if (probe === undefined) return [];
  if (probe.http === undefined && probe.tcp === undefined) return [wrong(path, 'must have http or tcp')];
  if (probe.http !== undefined && probe.tcp !== undefined) return [wrong(path, 'must have only one of http and tcp')];
  const [kind, check] = probe.http === undefined ? ['tcp', probe.tcp] : ['http', probe.http];
  const lacksPort = port === 'none' && check?.port === undefined;
  return lacksPort ? [wrong([...path, kind], 'must have a port, since spec.port is none')] : [];
}

/** Texts that use {PORT} where there is none. */
function portTemplateProblems(value: unknown, path: readonly PathPart[]): FieldProblem[] {
  if (typeof value === 'string') {
    return templatesIn(value).includes('PORT') ? [wrong(path, 'uses {PORT}, but spec.port is none')] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    portTemplateProblems(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function wrong(path: readonly PathPart[], message: string): FieldProblem {
  return { path, message, code: 'SchemaError', part: 'value' };
}
