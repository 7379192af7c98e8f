/** A server's document and the profile that it builds on -> what it asks for as a whole. Pure. */
import { findContradictions, findGaps } from '../spec/consistency.ts';
import type { FieldProblem } from '../spec/problems.ts';
import { resolveServer } from '../spec/resolve.ts';
import type { CompleteDocument, Profile, ServerDocument } from '../spec/schema.ts';
import { suggest } from '../spec/suggest.ts';
import type { ServerSpec } from '../spec/types.ts';
import { unitPropertyProblems } from './unitPropertyProblems.ts';

/** The profiles of a configuration, by name, and which of them counts where a document names none. */
export interface ProfileSet {
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly defaultProfile?: string | undefined;
}

/** The profile that counts for a document; `fields` undefined where the configuration has none of that name. */
export interface ChosenProfile {
  readonly name: string;
  readonly fields: Profile | undefined;
}

export type WholeSpec =
  | { readonly kind: 'whole'; readonly document: CompleteDocument; readonly spec: ServerSpec }
  | { readonly kind: 'unknownProfile'; readonly problem: FieldProblem }
  /** Right as written and right as a profile, but not together. */
  | { readonly kind: 'invalid'; readonly problems: readonly FieldProblem[] };

/** The profile that a document builds on: its own, else the default. Undefined: none at all. */
export function chooseProfile(document: ServerDocument, set: ProfileSet): ChosenProfile | undefined {
  const name = document.spec.profile ?? set.defaultProfile;
  if (name === undefined) return undefined;
  return { name, fields: Object.hasOwn(set.profiles, name) ? set.profiles[name] : undefined };
}

/**
 * What a document asks for on top of its profile: merged, checked once more, and resolved.
 *
 * `known`: names of the profiles there are, for "did you mean".
 */
export function completeSpec(
  document: ServerDocument,
  profile: ChosenProfile | undefined,
  known: Iterable<string>,
): WholeSpec {
  if (profile !== undefined && profile.fields === undefined) {
    return { kind: 'unknownProfile', problem: unknownProfile(profile.name, known) };
  }
  const merged =
    profile?.fields === undefined ? document : { ...document, spec: mergeFields(profile.fields, document.spec) };
  const found = [
    ...findContradictions(merged, document.metadata.name),
    ...findGaps(merged),
    ...unitPropertyProblems(merged.spec.unitProperties ?? {}),
  ];
  if (found.length === 0 && isComplete(merged)) {
    return { kind: 'whole', document: merged, spec: resolveServer(merged) };
  }
  const origin = profile === undefined ? '' : ` (together with the profile ${profile.name})`;
  return { kind: 'invalid', problems: found.map((problem) => ({ ...problem, message: problem.message + origin })) };
}

/** The ways to ask of a probe: whoever writes one of them means that one and no other. */
const CHECKS: readonly string[] = ['http', 'tcp', 'exec'];

/**
 * `over` on top of `base`: maps are merged, lists and single values replace. Where a probe is told to ask in another way
 * than the profile's, that way alone counts: nobody could take the other one out.
 */
export function mergeFields<T extends object>(base: object, over: T): T {
  return mergeValues(base, over, []) as T;
}

function mergeValues(base: unknown, over: unknown, path: readonly string[]): unknown {
  if (!isMap(base) || !isMap(over)) return over;
  const isProbe = path[0] === 'probes' && path.length === 2;
  const isOtherCheck = isProbe && CHECKS.some((check) => Object.hasOwn(over, check) && !Object.hasOwn(base, check));
  const kept = Object.entries(base).filter(([key]) => !(isOtherCheck && CHECKS.includes(key)));
  const merged: Record<string, unknown> = Object.fromEntries(kept);
  for (const [key, value] of Object.entries(over)) {
    merged[key] = Object.hasOwn(merged, key) ? mergeValues(merged[key], value, [...path, key]) : value;
  }
  return merged;
}

function unknownProfile(name: string, known: Iterable<string>): FieldProblem {
  const names = [...known];
  const near = suggest(name, names);
  const all = names.length === 0 ? 'it has none' : `it has ${names.sort().join(', ')}`;
  const hint = near === undefined ? all : `did you mean ${near}?`;
  const message = `the configuration has no profile ${JSON.stringify(name)}: ${hint}`;
  return { path: ['spec', 'profile'], message, code: 'SchemaError', part: 'value' };
}

function isComplete(document: ServerDocument): document is CompleteDocument {
  return document.spec.command !== undefined;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
