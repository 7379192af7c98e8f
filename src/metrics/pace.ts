import type { Clock } from '../clock.ts';

/** After a piece of work nothing is done for so many times as long as it took: it takes at most a tenth of all time. */
const PAUSE_FACTOR = 9;
const WAITING_MAX = 64;

/**
 * Does work that anybody on the host may ask for one piece at a time, with pauses that bound what all of it costs.
 *
 * @returns what the work resolves to; undefined, without doing it, where too much waits already. Its rejection is passed on.
 */
export function paced(clock: Clock): <T>(work: () => Promise<T>) => Promise<T | undefined> {
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  const pause = (ms: number): Promise<void> =>
    ms < 1 ? Promise.resolve() : new Promise((resolve) => void clock.after(ms, resolve));

  return async (work) => {
    if (waiting >= WAITING_MAX) return undefined;
    waiting += 1;
    const turn = last;
    const { promise, resolve } = Promise.withResolvers<void>();
    last = promise;
    await turn;
    waiting -= 1;
    const startMs = clock.monotonicMs();
    try {
      return await work();
    } finally {
      void pause((clock.monotonicMs() - startMs) * PAUSE_FACTOR).then(resolve);
    }
  };
}
