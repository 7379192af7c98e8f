import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

const PAUSE_SHARE = 3;
const LONGEST_PAUSE_MS = 3_000;

/** What a probe calls with each state it saw; returns that state, so that it can be used in passing. */
export type Saw = <S>(state: S) => S;

/**
 * Asks `probe` again and again until it gives something, and returns that.
 *
 * `undefined`, `null` and `false` mean "not yet"; an exception means "not yet" too and counts as what was seen last.
 * Between two probes there is three times as long as one takes (3 s at most, `intervalMs` at least): what is waited for needs the machine more.
 * @throws when `timeoutMs` have passed: names what was waited for and the last state that the probe saw or returned.
 * @example
 * await waitFor('alice to be Ready', async (saw) => saw(await phaseOf('alice')) === 'Ready', 60_000);
 */
export async function waitFor<T>(
  description: string,
  probe: (saw: Saw) => Promise<T | undefined | null | false> | T | undefined | null | false,
  timeoutMs: number,
  intervalMs = 100,
): Promise<T> {
  const startedMs = performance.now();
  let last: unknown;
  for (let tries = 1; ; tries++) {
    const askedMs = performance.now();
    let noted = false;
    const saw: Saw = (state) => {
      noted = true;
      last = state;
      return state;
    };
    try {
      const value = await probe(saw);
      if (value !== undefined && value !== null && value !== false) return value;
      if (!noted) last = value;
    } catch (err) {
      last = err;
    }
    if (performance.now() - startedMs > timeoutMs) {
      const seen = last instanceof Error ? last.message : inspect(last, { depth: 6, breakLength: 120 });
      throw new Error(`waited ${timeoutMs} ms (${tries} tries) for ${description}; last seen: ${seen}`);
    }
    const pauseMs = Math.min(PAUSE_SHARE * (performance.now() - askedMs), LONGEST_PAUSE_MS);
    await sleep(Math.max(intervalMs, pauseMs));
  }
}
