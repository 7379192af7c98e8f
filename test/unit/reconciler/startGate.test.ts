import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StartGate } from '../../../src/reconciler/startGate.ts';

describe('StartGate', () => {
  it('lets in as many as it has places, and names who is next by priority, then name', () => {
    const gate = new StartGate(() => 2);
    expect(gate.enter('a', 0)).toBe(true);
    expect(gate.enter('b', 0)).toBe(true);
    expect(gate.enter('d', 0)).toBe(false);
    expect(gate.enter('c', 0)).toBe(false);
    expect(gate.enter('z', 5)).toBe(false);
    expect(gate.leave('a')).toEqual(['z']);
    expect(gate.enter('c', 0)).toBe(false);
    expect(gate.enter('z', 5)).toBe(true);
    expect(gate.leave('b')).toEqual(['c']);
  });

  it('gives the place of one that left the line to the next', () => {
    const gate = new StartGate(() => 1);
    gate.enter('a', 0);
    gate.enter('b', 0);
    gate.enter('c', 0);
    gate.leave('b');
    expect(gate.leave('a')).toEqual(['c']);
    expect(gate.enter('c', 0)).toBe(true);
  });

  it('counts those that were found starting, even beyond its places', () => {
    const gate = new StartGate(() => 1);
    gate.occupy('found');
    gate.occupy('found too');
    expect(gate.enter('a', 0)).toBe(false);
    expect(gate.leave('found')).toEqual([]);
    expect(gate.leave('found too')).toEqual(['a']);
  });

  it('names each in line once, and keeps the place for it', () => {
    const gate = new StartGate(() => 2);
    for (const name of ['a', 'b', 'c', 'd', 'e']) gate.enter(name, 0);
    expect(gate.leave('a')).toEqual(['c']);
    expect(gate.leave('b')).toEqual(['d']);
    expect(gate.enter('e', 0)).toBe(false);
    expect(gate.enter('c', 0)).toBe(true);
    expect(gate.leave('d')).toEqual(['e']);
  });

  it('gives the turn of one that leaves the line to the next', () => {
    const gate = new StartGate(() => 1);
    for (const name of ['a', 'b', 'c']) gate.enter(name, 0);
    expect(gate.leave('a')).toEqual(['b']);
    expect(gate.leave('b')).toEqual(['c']);
  });

  it('never lets more in than it has places, and starves nobody', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }),
        (capacity, names) => {
          const gate = new StartGate(() => capacity);
          const inside = new Set<string>();
          const todo = [...names];
          const entered: string[] = [];
          const tryEnter = (name: string) => {
            if (!gate.enter(name, 0)) return;
            inside.add(name);
            entered.push(name);
            expect(inside.size).toBeLessThanOrEqual(capacity);
          };
          for (const name of todo) tryEnter(name);
          while (inside.size > 0) {
            const [first] = inside;
            if (first === undefined) break;
            inside.delete(first);
            for (const next of gate.leave(first)) tryEnter(next);
          }
          expect(new Set(entered)).toEqual(new Set(names));
        },
      ),
    );
  });
});
