// Random numbers that a failing test can be repeated with: HUBLET_SEED=number.

export interface Dice {
  /** 0 or more, less than 1. */
  next(): number;
  /** A whole number from 0 to `count` - 1. */
  below(count: number): number;
  /** @throws where there is nothing to choose from */
  pick<T>(from: readonly T[]): T;
}

/** Dice with the seed of HUBLET_SEED, or else `usual`, or else another each time; the seed is printed with `what` it is for. */
export function throwDice(what: string, usual?: number): Dice {
  const seed = Number(process.env.HUBLET_SEED ?? usual ?? Math.floor(Math.random() * 2 ** 31));
  process.stderr.write(`${what}: HUBLET_SEED=${seed}\n`);
  return createDice(seed);
}

/** The same seed gives the same numbers. @see mulberry32 by Tommy Ettinger, public domain */
export function createDice(seed: number): Dice {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number): number => Math.floor(next() * count);
  return {
    next,
    below,
    pick(from) {
      const chosen = from[below(from.length)];
      if (chosen === undefined) throw new Error('nothing to choose from');
      return chosen;
    },
  };
}
