import { expect, test } from 'vitest';
import { reused } from '../../../src/metrics/reuse.ts';
import { FakeClock } from '../../fakes/clock.ts';

function counting(clock: FakeClock, costMs: number) {
  let made = 0;
  return async () => {
    made += 1;
    clock.advance(costMs);
    return made;
  };
}

test('an answer that takes no time is made anew each time', async () => {
  const clock = new FakeClock();
  const ask = reused(clock, counting(clock, 0));
  expect([await ask(), await ask()]).toEqual([1, 2]);
});

test('whoever asks while it is made gets the same answer', async () => {
  const clock = new FakeClock();
  const ask = reused(clock, counting(clock, 0));
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
});

test('making answers takes at most a tenth of the time, however often they are asked for', async () => {
  const clock = new FakeClock();
  const ask = reused(clock, counting(clock, 50));
  let answers = 0;
  for (let ms = 0; ms < 10_000; ms += 10) {
    answers = await ask();
    clock.advance(10);
  }
  expect(answers * 50).toBeLessThanOrEqual(clock.monotonicMs() / 10);
});

test('nothing is kept of an answer that is not given any more', async () => {
  const clock = new FakeClock();
  const ask = reused(clock, counting(clock, 50));
  await ask();
  expect(clock.timers()).toBe(1);
  clock.advance(449);
  expect(await ask()).toBe(1);
  clock.advance(1);
  expect(clock.timers()).toBe(0);
  expect(await ask()).toBe(2);
});

test('a failure reaches whoever asked and is not kept', async () => {
  const clock = new FakeClock();
  let isBroken = true;
  const ask = reused(clock, async () => {
    clock.advance(50);
    if (isBroken) throw new Error('broken');
    return 'fine';
  });
  await expect(ask()).rejects.toThrow('broken');
  isBroken = false;
  expect(await ask()).toBe('fine');
});
