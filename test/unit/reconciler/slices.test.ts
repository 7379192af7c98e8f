import { expect, it } from 'vitest';
import { Slices } from '../../../src/reconciler/slices.ts';
import { FakeClock } from '../../fakes/clock.ts';

it('asks for a pause once its time is over, and not again until as much time has passed after it', async () => {
  const clock = new FakeClock();
  const slices = new Slices(clock, 5);
  expect(slices.pause()).toBeUndefined();
  clock.advance(5);
  const pause = slices.pause();
  expect(pause).toBeInstanceOf(Promise);
  clock.advance(0);
  await pause;
  expect(slices.pause()).toBeUndefined();
});
