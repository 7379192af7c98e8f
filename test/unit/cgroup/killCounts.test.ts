import { beforeEach, expect, test } from 'vitest';
import { KillCounts } from '../../../src/cgroup/killCounts.ts';

let kills: KillCounts;

beforeEach(() => {
  kills = new KillCounts();
});

test('are those of all cgroups that an invocation had, each of which counts from 0', () => {
  kills.begin('a');
  kills.note('a', 2);
  kills.endCgroup('a');
  kills.note('a', 1);
  expect(kills.of('a')).toBe(3);
});

test('never go back, whatever a reading shows', () => {
  kills.begin('a');
  kills.note('a', 2);
  kills.note('a', 1);
  kills.note('a', undefined);
  kills.begin('a');
  expect(kills.of('a')).toBe(2);
});

test('are known of the last four invocations, and 0 of others', () => {
  for (const invocation of ['a', 'b', 'c', 'd', 'e']) {
    kills.begin(invocation);
    kills.note(invocation, 1);
  }
  kills.note('unknown', 1);
  kills.endCgroup('unknown');
  expect(['a', 'b', 'e', 'unknown'].map((invocation) => kills.of(invocation))).toEqual([0, 1, 1, 0]);
});
