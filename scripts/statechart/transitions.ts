/** The transitions of a statechart as its definition has them, in words. */
import type { AnyStateNode } from 'xstate';

/** One arrow, or one rule that stays where it is. */
export interface Transition {
  /** Path of the state, or of the group of states, that has the rule; empty: any state of the machine. */
  readonly from: string;
  /** Path of the innermost state that it leads to; undefined: it stays where it is. */
  readonly to: string | undefined;
  /** What brings it about: `OBSERVED`, `connect is done`, `after backoff`; empty: at once. */
  readonly cause: string;
  /** What must hold, as `isWished and not isBlocked`; empty: nothing. */
  readonly guard: string;
  /** In order, those of entering the state that it leads to not among them. */
  readonly actions: readonly string[];
}

/** All of them: of each cause in the order in which they are tried, states before the groups that they are in. */
export function transitionsOf(node: AnyStateNode): readonly Transition[] {
  const inner = Object.values(node.states as Record<string, AnyStateNode>).flatMap(transitionsOf);
  const own = [...(node.always ?? []), ...[...node.transitions.values()].flat()].map((transition) => ({
    from: pathOf(node),
    to: transition.target?.[0] === undefined ? undefined : pathOf(innermost(transition.target[0])),
    cause: causeWords(transition.eventType),
    guard: guardWords(transition.guard),
    actions: transition.actions.map(actionWords),
  }));
  return [...inner, ...own];
}

/** `startup.failed`; empty for the machine itself. */
export function pathOf({ path }: AnyStateNode): string {
  return path.join('.');
}

/** The state that entering this one ends in. */
export function innermost(node: AnyStateNode): AnyStateNode {
  const [first] = node.type === 'compound' ? node.initial.target : [];
  return first === undefined ? node : innermost(first);
}

/** Actions, named ones only: a delayed transition has one of xstate's own to set its timer, which is no part of the chart. */
export function actionNames(actions: readonly unknown[]): readonly string[] {
  return actions.filter((action) => !isRaise(action)).map(actionWords);
}

function causeWords(eventType: string): string {
  const [, kind, ...rest] = /^xstate\.(done\.actor|error\.actor|after)\.([^.]+)/.exec(eventType) ?? [];
  if (kind === 'after') return `after ${rest[0]}`;
  if (kind !== undefined) return `${rest[0]} ${kind.startsWith('done') ? 'is done' : 'has failed'}`;
  return eventType;
}

/** @throws where it has no name: a reader could not tell what it asks */
function guardWords(guard: unknown): string {
  if (guard === undefined) return '';
  if (typeof guard === 'string') return guard;
  const inner = (guard as { readonly guards?: readonly unknown[] }).guards?.map(guardWords);
  const { name } = guard as { readonly name: string };
  if (inner === undefined || !['and', 'or', 'not'].includes(name)) throw new Error(`a guard without a name: ${guard}`);
  return name === 'not' ? `not ${inner.join()}` : inner.join(` ${name} `);
}

/** @throws where it has no name */
function actionWords(action: unknown): string {
  if (typeof action !== 'string') throw new Error(`an action without a name: ${JSON.stringify(action)}`);
  return action;
}

function isRaise(action: unknown): boolean {
  return (action as { readonly type?: string }).type === 'xstate.raise';
}
