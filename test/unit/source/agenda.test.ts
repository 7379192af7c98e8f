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

const together = (agenda: Agenda, names: readonly string[]) => agenda.hintAll(names);
/** As the kernel tells of files: each by itself, and many in one turn. */
const oneByOne = (agenda: Agenda, names: readonly string[]) => {
  for (const name of names) agenda.hint(name);
};

it.each([
  ['quick', 1, 32, together],
  ['slow', 20, 3, together],
  ['very slow', 300, 1, together],
  ['quick', 1, 50, oneByOne],
  ['slow', 20, 3, oneByOne],
  ['very slow', 300, 1, oneByOne],
])('%s looks (%i ms): %i at most in one turn of the event loop', (_kind, costMs, atOnce, tellAll) => {
  const clock = new WorkClock();
  const looks: string[] = [];
  const agenda = new Agenda(clock, (name) => {
    looks.push(name);
    clock.nowMs += costMs;
  });
  const names = Array.from({ length: 100 }, (_, at) => `name${at}`);
  const turns: number[] = [];

  tellAll(agenda, names);
  do turns.push(looks.length - turns.reduce((sum, count) => sum + count, 0));
  while (clock.turn());

  expect(Math.max(...turns)).toBe(atOnce);
  expect(looks).toEqual(names);
});

it('tells when all looks of one go have been had, and not in between', () => {
  const clock = new WorkClock();
  const seen: string[] = [];
  const agenda = new Agenda(
    clock,
    (name) => seen.push(name),
    () => seen.push('told'),
  );

  agenda.hintAll(['a', 'b']);
  agenda.hint('c');

  expect(seen).toEqual(['a', 'b', 'told', 'c', 'told']);
});
