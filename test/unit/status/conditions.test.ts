import { expect, test } from 'vitest';
import { type ConditionState, isReasonOf, orderConditions, setCondition } from '../../../src/status/conditions.ts';

const EARLIER = '2026-01-01T00:00:00.000Z';
const NOW = '2026-01-01T00:01:00.000Z';

function ready(status: ConditionState['status'], more: Partial<ConditionState> = {}): ConditionState {
  return { type: 'Ready', status, reason: 'ProbeFailed', message: '', observedGeneration: 1, ...more };
}

test('a condition that was not there before has its transition now', () => {
  expect(setCondition([], ready('True'), NOW).lastTransitionTime).toBe(NOW);
});

test('a flip of the status moves the transition time', () => {
  const previous = [setCondition([], ready('False'), EARLIER)];

  expect(setCondition(previous, ready('True'), NOW).lastTransitionTime).toBe(NOW);
});

test('a new reason, message or generation alone does not move it', () => {
  const previous = [setCondition([], ready('False'), EARLIER)];
  const next = ready('False', { reason: 'PortTaken', message: 'uid 7', observedGeneration: 2 });

  expect(setCondition(previous, next, NOW)).toEqual({ ...next, lastTransitionTime: EARLIER });
});

test('conditions are ordered as in the table, whatever order they come in', () => {
  const ready1 = setCondition([], ready('True'), NOW);
  const accepted = setCondition([], ready('True', { type: 'Accepted', reason: 'Valid' }), NOW);

  expect(orderConditions([ready1, accepted])).toEqual([accepted, ready1]);
  expect(orderConditions([accepted, ready1])).toEqual([accepted, ready1]);
});

test('a reason belongs to the types whose row has it', () => {
  expect(isReasonOf('Ready', 'PortTaken')).toBe(true);
  expect(isReasonOf('Accepted', 'PortTaken')).toBe(false);
});
