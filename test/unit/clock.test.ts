import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';

it('work that asks for another turn at once does not keep what has arrived from being read', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hublet-clock-'));
  const server = createServer((socket) => socket.end('news')).listen(join(directory, 'socket'));
  await once(server, 'listening');
  const client = connect(join(directory, 'socket'));
  const clock = createSystemClock();
  let turns = 0;
  let turnsBeforeNews: number | undefined;
  client.on('data', () => {
    turnsBeforeNews = turns;
  });

  await new Promise<void>((resolve) => {
    const turn = (): void => {
      turns += 1;
      if (turns === 100 || turnsBeforeNews !== undefined) resolve();
      else clock.after(0, turn);
      // Longer than a timer's shortest delay: one that was set just now is due by the end of it.
      for (const endMs = clock.monotonicMs() + 3; clock.monotonicMs() < endMs; );
    };
    clock.after(0, turn);
  });

  expect(turnsBeforeNews).toBeLessThan(50);
  server.close();
  rmSync(directory, { recursive: true });
});

it('a wish that was cancelled does not come true, were it for now', async () => {
  const clock = createSystemClock();
  const fired: string[] = [];
  for (const delayMs of [0, 1]) clock.after(delayMs, () => fired.push(`cancelled ${delayMs}`))();
  await new Promise<void>((resolve) => clock.after(5, resolve));
  expect(fired).toEqual([]);
});

it('monotonic time is that of the machine, the same for every process', () => {
  const clock = createSystemClock();
  const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;
  const before = machineMs();
  const now = clock.monotonicMs();
  expect(now).toBeGreaterThan(before - 0.1);
  expect(now).toBeLessThan(machineMs() + 0.1);
});
