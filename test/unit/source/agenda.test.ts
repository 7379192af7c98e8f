import { expect, it } from 'vitest';
import type { Clock } from '../../../src/clock.ts';
import { Agenda } from '../../../src/source/agenda.ts';

/** Time that passes only where looks take it. */
class WorkClock implements Clock {
  nowMs = 0;
  next: (() => void) | undefined;

  wallMs(): number {
    return this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  after(_delayMs: number, fire: () => void): () => void {
    this.next = fire;
    return () => {
      if (this.next === fire) this.next = undefined;
    };
  }

  /** The next turn of the event loop; false: none is wanted. */
  turn(): boolean {
    const fire = this.next;
    this.next = undefined;
    fire?.();
    return fire !== undefined;
  }
}

it.each([
  ['quick', 1, 32],
  ['slow', 20, 3],
  ['very slow', 300, 1],
])('%s looks: no turn of the event loop is much longer than the longest of them', (_kind, costMs, atOnce) => {
  const clock = new WorkClock();
  const looks: string[] = [];
  const agenda = new Agenda(clock, (name) => {
    looks.push(name);
    clock.nowMs += costMs;
  });
  const names = Array.from({ length: 100 }, (_, at) => `name${at}`);
  const turns: number[] = [];

  agenda.hintAll(names);
  do turns.push(looks.length - turns.reduce((sum, count) => sum + count, 0));
  while (clock.turn());

  expect(Math.max(...turns)).toBe(atOnce);
  expect(looks).toEqual(names);
});
