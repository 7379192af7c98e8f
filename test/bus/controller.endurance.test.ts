import { afterEach, expect, it } from 'vitest';
import { Endurance } from '../fakes/endurance.ts';

let endurance: Endurance | undefined;

afterEach(() => endurance?.close());

/** The whole length of it: `npm run bench -- --only endurance`. */
it('a controller needs no more after a thousand starts and stops than after three hundred', {
  timeout: 600_000,
}, async () => {
  endurance = await Endurance.open(25);
  await endurance.cycle(12);
  const early = await endurance.measure();
  await endurance.cycle(28);
  const late = await endurance.measure();

  expect([early.cycles, late.cycles]).toEqual([300, 1_000]);
  expect(late.matchRules).toBe(early.matchRules);
  expect(late.files).toBe(early.files);
  expect(late.heapBytes).toBeLessThan(early.heapBytes * 1.1);
});
