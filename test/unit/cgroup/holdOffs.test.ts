import { expect, test } from 'vitest';
import { HoldOffs } from '../../../src/cgroup/holdOffs.ts';
import { FakeClock } from '../../fakes/clock.ts';

test('the first of many is done at once, the last of them once the hold-off is over, those between never', () => {
  const clock = new FakeClock();
  const holdOffs = new HoldOffs(clock, 100);
  const done: string[] = [];
  for (const word of ['first', 'second', 'third']) holdOffs.run('a', () => done.push(word));
  holdOffs.run('b', () => done.push('other'));
  expect(done).toEqual(['first', 'other']);
  clock.advance(100);
  expect(done).toEqual(['first', 'other', 'third']);
  clock.advance(100);
  holdOffs.run('a', () => done.push('later'));
  expect(done.at(-1)).toBe('later');
});

test('what was cancelled is not done, and no timer stays', () => {
  const clock = new FakeClock();
  const holdOffs = new HoldOffs(clock, 100);
  let count = 0;
  for (const key of ['a', 'a', 'b', 'b']) holdOffs.run(key, () => (count += 1));
  holdOffs.cancel('a');
  holdOffs.cancelAll();
  clock.advance(1000);
  expect([count, clock.timers()]).toEqual([2, 0]);
});
