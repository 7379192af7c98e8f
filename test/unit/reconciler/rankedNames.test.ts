import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RankedNames } from '../../../src/reconciler/rankedNames.ts';

function namesOf(ranked: RankedNames<number>): string[] {
  return [...ranked].map(([name]) => name);
}

it('names come by rank, and those of one rank in the order in which they came', () => {
  const ranked = new RankedNames<number>();
  for (const [name, rank] of [
    ['a', 0],
    ['b', -1],
    ['c', 5],
    ['d', 0],
    ['e', 5],
  ] as const)
    ranked.add(name, rank, 1);

  expect(namesOf(ranked)).toEqual(['c', 'e', 'a', 'd', 'b']);
});

it('a name that is added again keeps its value, and its place but for a better one', () => {
  const ranked = new RankedNames<number>();
  const areNew = [ranked.add('a', 0, 1), ranked.add('b', 0, 2), ranked.add('b', 9, 3), ranked.add('b', -9, 4)];

  expect(areNew).toEqual([true, true, false, false]);
  expect([...ranked]).toEqual([
    ['b', 2],
    ['a', 1],
  ]);
});

it('names may be taken out while they are gone over', () => {
  const ranked = new RankedNames<number>();
  for (const name of ['a', 'b', 'c']) ranked.add(name, name === 'b' ? 1 : 0, 0);
  const seen: string[] = [];
  for (const [name] of ranked) {
    seen.push(name);
    ranked.delete(name);
    ranked.delete('a');
  }

  expect([seen, ranked.size, ranked.has('b')]).toEqual([['b', 'c'], 0, false]);
});

it('holds what was added and not taken out, whatever the order', () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    rank: fc.integer({ min: -1, max: 1 }),
    isIn: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const ranked = new RankedNames<number>();
      const model = new Map<string, number>();
      for (const { name, rank, isIn } of steps) {
        if (isIn) ranked.add(name, rank, 0);
        else ranked.delete(name);
        if (!isIn) model.delete(name);
        else if ((model.get(name) ?? -2) < rank) {
          model.delete(name);
          model.set(name, rank);
        }
      }
      const expected = [...model].sort(([, a], [, b]) => b - a).map(([name]) => name);

      expect(namesOf(ranked)).toEqual(expected);
      expect(ranked.size).toBe(model.size);
    }),
  );
});
