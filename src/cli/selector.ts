import { CliError, EXIT } from './errors.ts';

/** One requirement of a label selector; all of a selector's must hold. */
export type Requirement =
  | { readonly kind: 'in'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'notIn'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'exists'; readonly key: string }
  | { readonly kind: 'absent'; readonly key: string };

export type Selector = readonly Requirement[];

const KEY = '[A-Za-z0-9](?:[A-Za-z0-9_./-]*[A-Za-z0-9])?';
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EQUAL = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*([^\\s=!(),]*)$`);
const PRESENCE = new RegExp(`^(!?)\\s*(${KEY})$`);

/**
 * A label selector as kubectl takes it: `team=physics,tier!=test`, `team in (a, b)`, `team notin (a)`, `team`, `!team`.
 *
 * @throws {CliError} usage, when it can't be read
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function parseSelector(text: string): Selector {
  if (text.trim() === '') return [];
  return splitOutsideParentheses(text).map((part) => parseRequirement(part.trim(), text));
}

function parseRequirement(part: string, whole: string): Requirement {
  const set = SET.exec(part);
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim());
    return { kind: set[2] === 'in' ? 'in' : 'notIn', key: set[1] ?? '', values };
  }
  const equal = EQUAL.exec(part);
  if (equal !== null) {
    return { kind: equal[2] === '!=' ? 'notIn' : 'in', key: equal[1] ?? '', values: [equal[3] ?? ''] };
  }
  const presence = PRESENCE.exec(part);
  if (presence !== null) return { kind: presence[1] === '!' ? 'absent' : 'exists', key: presence[2] ?? '' };
  throw new CliError(
    EXIT.usage,
    `selector '${whole}': '${part}' is not a requirement: write key=value, key!=value, key in (a,b), key notin (a,b), key or !key`,
  );
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Whether labels meet every requirement. As in Kubernetes `!=` and `notin` also hold where the label is absent. */
export function matchesSelector(labels: Readonly<Record<string, string>>, selector: Selector): boolean {
  return selector.every((requirement) => isMet(labels, requirement));
}

function isMet(labels: Readonly<Record<string, string>>, requirement: Requirement): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.kind) {
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notIn':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
  }
}
