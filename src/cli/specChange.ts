/** One field that differs between two specs. */
export interface SpecChange {
  /** `spec.resources.memory.limit`. */
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** As written, for people; undefined where it was not there, or must not be shown. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

type Path = readonly string[];

/** Below these only the names of fields are shown: values may be secret, and people paste what they see. */
const HIDDEN: readonly Path[] = [
  ['metadata', 'annotations'],
  ['spec', 'command'],
  ['spec', 'preStart'],
  ['spec', 'postStop'],
  ['spec', 'environment'],
  ['spec', 'environmentFiles'],
  ['spec', 'credentials'],
  ['spec', 'unitProperties'],
  ['spec', 'probes'],
];

/**
 * What changed from one spec to another, by path. Both are JSON as the store of revisions has it (`canonical`).
 *
 * Lists are compared as a whole. Values of variables, commands and all else that may be secret are never in the answer.
 * @throws {SyntaxError} where one is no JSON
 */
export function compareSpecs(before: string, after: string): readonly SpecChange[] {
  const old = leavesOf(JSON.parse(before), []);
  const fresh = leavesOf(JSON.parse(after), []);
  const paths = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return paths.flatMap((key) => {
    const [was, is] = [old.get(key), fresh.get(key)];
    if (was?.text === is?.text) return [];
    const kind = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';
    return [{ path: key, kind, before: shown(was), after: shown(is) }];
  });
}

interface Leaf {
  readonly path: Path;
  /** JSON. */
  readonly text: string;
}

function leavesOf(value: unknown, path: Path): Map<string, Leaf> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0) {
    return new Map([[path.join('.'), { path, text: JSON.stringify(value) }]]);
  }
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leavesOf(inner, [...path, key])]));
}

function shown(leaf: Leaf | undefined): string | undefined {
  if (leaf === undefined || HIDDEN.some((hidden) => hidden.every((key, at) => leaf.path[at] === key))) return undefined;
  return leaf.text.startsWith('"') ? String(JSON.parse(leaf.text)) : leaf.text;
}
