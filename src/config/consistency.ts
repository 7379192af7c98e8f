import { ADMIN_POLICY } from '../admission/policy.ts';
import { findContradictions } from '../spec/consistency.ts';
import type { FieldProblem } from '../spec/problems.ts';
import type { PathPart } from '../spec/schemaWalk.ts';
import { suggest } from '../spec/suggest.ts';
import { defaultPoolProblem, resolvePools } from './pools.ts';
import type { ConfigDocument } from './schema.ts';

/** What only all files together show to be wrong: names of things that aren't there, profiles that contradict themselves. */
export function findConfigProblems(document: ConfigDocument): FieldProblem[] {
  const profiles = Object.keys(document.profiles ?? {});
  const policies = [...Object.keys(document.policies ?? {}), ADMIN_POLICY.name];
  const { defaultProfile, defaultPool } = document;
  const poolProblem = defaultPoolProblem(defaultPool, resolvePools(document.pools));
  return [
    ...missing('profile', defaultProfile, profiles, ['defaultProfile']),
    ...(poolProblem === undefined ? [] : [wrong(['defaultPool'], poolProblem.replace(/^defaultPool: /, ''))]),
    ...(document.sources ?? []).flatMap(({ policy }, index) =>
      missing('policy', policy, policies, ['sources', index, 'policy']),
    ),
    ...policyProblems(document, profiles),
    ...Object.entries(document.profiles ?? {}).flatMap(([name, profile]) => profileProblems(name, profile)),
  ];
}

function policyProblems({ policies }: ConfigDocument, profiles: readonly string[]): FieldProblem[] {
  const admin = policies?.[ADMIN_POLICY.name];
  const narrowed =
    admin === undefined || admin.allow === '*'
      ? []
      : [wrong(['policies', ADMIN_POLICY.name], 'is built in and allows everything: give this policy another name')];
  const unknown = Object.entries(policies ?? {}).flatMap(([name, policy]) =>
    (policy.profiles ?? []).flatMap((profile, index) =>
      missing('profile', profile, profiles, ['policies', name, 'profiles', index]),
    ),
  );
  return [...narrowed, ...unknown];
}

type Profiles = NonNullable<ConfigDocument['profiles']>;

/** A profile is judged as the spec of a server that adds nothing to it, but for what it may leave to the server. */
function profileProblems(name: string, profile: Profiles[string]): FieldProblem[] {
  const server = { apiVersion: 'hublet/v1', kind: 'Server', metadata: { name: 'x' }, spec: profile } as const;
  return findContradictions(server, 'x').map((problem) => ({
    ...problem,
    path: ['profiles', name, ...problem.path.slice(1)],
  }));
}

function missing(
  kind: 'profile' | 'policy',
  name: string | undefined,
  known: readonly string[],
  path: readonly PathPart[],
): FieldProblem[] {
  if (name === undefined || known.includes(name)) return [];
  const near = suggest(name, known);
  const all = known.length === 0 ? 'there are none' : `there are ${[...known].sort().join(', ')}`;
  return [wrong(path, `there is no ${kind} ${name}: ${near === undefined ? all : `did you mean ${near}?`}`)];
}

function wrong(path: readonly PathPart[], message: string): FieldProblem {
  return { path, message, code: 'SchemaError', part: 'value' };
}
