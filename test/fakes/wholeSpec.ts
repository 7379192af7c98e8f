import { chooseProfile, completeSpec, type ProfileSet } from '../../src/admission/profile.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { ServerSpec } from '../../src/spec/types.ts';

/** What a valid text asks for, with the profiles that are given. @throws where it is not valid, saying why */
export function wholeSpec(text: string, stem: string, set: ProfileSet = { profiles: {} }): ServerSpec {
  const parsed = parseSpec(text, stem);
  if (parsed.kind !== 'valid') throw new Error(`no valid spec: ${JSON.stringify(parsed)}`);
  const whole = completeSpec(parsed.document, chooseProfile(parsed.document, set), Object.keys(set.profiles));
  if (whole.kind !== 'whole') throw new Error(`no whole spec: ${JSON.stringify(whole)}`);
  return whole.spec;
}
