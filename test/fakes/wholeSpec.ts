import { chooseProfile, completeSpec, type ProfileSet, type WholeSpec } from '../../src/admission/profile.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { ServerSpec } from '../../src/spec/types.ts';

/** What a valid text asks for, with the profiles that are given. @throws where it is not valid, saying why */
export function wholeSpec(text: string, stem: string, set: ProfileSet = { profiles: {} }): ServerSpec {
  return whole(text, stem, set).spec;
}

/** The same, with the document that it was made from. @throws where it is not valid, saying why */
export function whole(
  text: string,
  stem: string,
  set: ProfileSet = { profiles: {} },
): Extract<WholeSpec, { kind: 'whole' }> {
  const parsed = parseSpec(text, stem);
  if (parsed.kind !== 'valid') throw new Error(`no valid spec: ${JSON.stringify(parsed)}`);
  const found = completeSpec(parsed.document, chooseProfile(parsed.document, set), Object.keys(set.profiles));
  if (found.kind !== 'whole') throw new Error(`no whole spec: ${JSON.stringify(found)}`);
  return found;
}
