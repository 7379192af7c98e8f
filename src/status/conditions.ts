import { CONDITIONS, type ConditionReason, type ConditionType } from './reasons.ts';
import type { Condition } from './types.ts';

/** What is true now, before it is compared with what was true. */
export type ConditionState = Omit<Condition, 'lastTransitionTime'>;

/**
 * One condition with its transition time: `now` where its status flipped or it was not there before, else the time of
 * the previous one. A new reason or message alone is no transition.
 *
 * @param previous the conditions as they were, in any order
 * @param now ISO 8601
 */
export function setCondition(previous: readonly Condition[], next: ConditionState, now: string): Condition {
  const before = previous.find((condition) => condition.type === next.type);
  const isSame = before !== undefined && before.status === next.status;
  return {
    type: next.type,
    status: next.status,
    reason: next.reason,
    message: next.message,
    observedGeneration: next.observedGeneration,
    lastTransitionTime: isSame ? before.lastTransitionTime : now,
  };
}

const ORDER: readonly ConditionType[] = Object.keys(CONDITIONS) as ConditionType[];

/** The conditions in the order of the table in reasons.ts, so that two equal sets are equal as text. */
export function orderConditions(conditions: readonly Condition[]): readonly Condition[] {
  return conditions.toSorted((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type));
}

/** Whether the table has this reason under this type. */
export function isReasonOf(type: ConditionType, reason: ConditionReason): boolean {
  return (CONDITIONS[type] as readonly ConditionReason[]).includes(reason);
}
