import { serverNameProblem } from '../spec/names.ts';

export const SPEC_SUFFIX = '.yaml';

export type FileKind =
  | { readonly kind: 'spec'; readonly name: string }
  /** `hint`: what to do where somebody may have meant it as a spec. */
  | { readonly kind: 'ignored'; readonly hint: string | undefined };

/** Whether a file of the directory is a server's spec, by its name alone. Editors' temporary files never are. */
export function classifyFile(fileName: string): FileKind {
  if (fileName.startsWith('.')) return { kind: 'ignored', hint: undefined };
  if (fileName.endsWith(SPEC_SUFFIX)) {
    const name = fileName.slice(0, -SPEC_SUFFIX.length);
    // Node puts U+FFFD for bytes that are no UTF-8: such a file could not be opened by this name.
    const problem = name.includes('\uFFFD') ? 'must be UTF-8' : serverNameProblem(name);
    if (problem === undefined) return { kind: 'spec', name };
    return { kind: 'ignored', hint: `the name of a server ${problem}` };
  }
  const other = /^(.+)\.(?:yml|json)$/.exec(fileName)?.[1];
  return { kind: 'ignored', hint: other === undefined ? undefined : `to have it read, name it ${other}${SPEC_SUFFIX}` };
}
