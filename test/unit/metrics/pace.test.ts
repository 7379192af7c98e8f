import { beforeEach, expect, test } from 'vitest';
import { paced } from '../../../src/metrics/pace.ts';
import { FakeClock } from '../../fakes/clock.ts';

let clock: FakeClock;
let pace: ReturnType<typeof paced>;
beforeEach(() => {
  clock = new FakeClock();
  pace = paced(clock);
});

/** Work that holds the loop for so long. */
function work(ms: number, answer: string) {
  return async () => {
    clock.advance(ms);
    return answer;
  };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test('work is done one piece at a time, and takes a tenth of all time at most', async () => {
  const startMs = clock.monotonicMs();
  const done: string[] = [];
  for (const name of ['a', 'b', 'c']) void pace(work(10, name)).then((answer) => done.push(`${answer}`));
  await turns();
  expect(done).toEqual(['a']);
  clock.advance(89);
  await turns();
  expect(done).toEqual(['a']);
  clock.advance(1);
  await turns();
  clock.advance(90);
  await turns();
  expect(done).toEqual(['a', 'b', 'c']);
  expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(210);
});

test('what takes no time waits for nothing', async () => {
  expect(await Promise.all([pace(work(0, 'a')), pace(work(0, 'b'))])).toEqual(['a', 'b']);
});

test('work that fails is told to whoever asked for it, and holds up nobody', async () => {
  const failing = pace(async () => {
    throw new Error('no');
  });
  const next = pace(work(0, 'b'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('b');
});

test('too much at once is not taken at all', async () => {
  const all = Array.from({ length: 80 }, () => pace(work(1, 'x')));
  await turns();
  const refused = await Promise.all(all.slice(65));
  expect(refused).toEqual(Array(15).fill(undefined));
});
