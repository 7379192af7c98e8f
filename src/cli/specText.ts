import { choosePool } from '../admission/pools.ts';
import { chooseProfile, completeSpec, type ProfileSet } from '../admission/profile.ts';
import { locateInText, parseSpec } from '../spec/parse.ts';
import type { Pools } from '../spec/pool.ts';
import { formatProblem } from '../spec/problems.ts';
import type { ServerDocument } from '../spec/schema.ts';
import type { ServerSpec } from '../spec/types.ts';
import { CliError, EXIT } from './errors.ts';

/** What of a host's configuration specs speak of by name. */
export interface KnownNames extends ProfileSet {
  readonly pools: Pools;
  readonly defaultPool?: string;
}

/** What a spec's text asks for, or a line for each thing that is wrong with it: `file:line:column: field: what`. */
export type CheckedSpec =
  | {
      readonly kind: 'valid';
      /** As written. */
      readonly document: ServerDocument;
      /** With its profile. */
      readonly spec: ServerSpec;
      readonly profile: string | undefined;
    }
  /** Right as written; what it is with its profile can't be said, as no profile of that name is known. */
  | { readonly kind: 'unknownProfile'; readonly lines: readonly string[] }
  /** Right, but for a pool that is not known. */
  | { readonly kind: 'unknownPool'; readonly lines: readonly string[]; readonly spec: ServerSpec }
  | { readonly kind: 'invalid'; readonly lines: readonly string[] };

/**
 * Judges a text as the controller would judge a file `<stem>.yaml` under a configuration with those names; `label` stands
 * for the file in messages.
 */
export function checkSpec(text: string, stem: string, label: string, set: KnownNames): CheckedSpec {
  const parsed = parseSpec(text, stem);
  switch (parsed.kind) {
    case 'incomplete':
      return { kind: 'invalid', lines: [formatProblem(label, parsed.problem)] };
    case 'invalid':
      return { kind: 'invalid', lines: parsed.problems.map((problem) => formatProblem(label, problem)) };
    case 'valid':
      break;
  }
  const { document } = parsed;
  const profile = chooseProfile(document, set);
  const whole = completeSpec(document, profile, Object.keys(set.profiles));
  const lines = (problems: Parameters<typeof locateInText>[0]) =>
    locateInText(problems, text).map((problem) => formatProblem(label, problem));
  switch (whole.kind) {
    case 'whole': {
      const { spec } = whole;
      const pool = choosePool(spec.pool, set.pools, set.defaultPool);
      if (pool.kind === 'pool') return { kind: 'valid', document, spec, profile: profile?.name };
      const path = ['spec', 'pool'];
      const message = pool.message.replace(/^spec\.pool: /, '');
      return { kind: 'unknownPool', lines: lines([{ path, message, code: 'SchemaError', part: 'value' }]), spec };
    }
    case 'unknownProfile':
      return { kind: 'unknownProfile', lines: lines([whole.problem]) };
    case 'invalid':
      return { kind: 'invalid', lines: lines(whole.problems) };
  }
}

/** @throws {CliError} invalid, naming every problem */
export function requireValid(
  text: string,
  stem: string,
  label: string,
  set: KnownNames,
): CheckedSpec & { readonly kind: 'valid' } {
  const checked = checkSpec(text, stem, label, set);
  if (checked.kind !== 'valid') throw new CliError(EXIT.invalid, checked.lines.join('\n'));
  return checked;
}
