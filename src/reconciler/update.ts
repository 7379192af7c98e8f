/** Whether a running server is to take a change that only a new start can bring, and when. Pure; updates.ts asks. */
import type { IdleVerdict } from '../idle/types.ts';
import type { UpdateIdle, UpdateStrategy } from '../spec/types.ts';

export type Update =
  /** The run is as its spec has it, or there is none. */
  | { readonly kind: 'upToDate' }
  /** `isWished`: its file, its profile or its pool asks for it; otherwise what hublet makes of them has become another. */
  | { readonly kind: 'withNextStart'; readonly isWished: boolean }
  /** Somebody uses it, or that is not known. */
  | { readonly kind: 'whenIdle'; readonly idle: UpdateIdle }
  /** As soon as it has a place among the starting servers. */
  | { readonly kind: 'due' };

export const UP_TO_DATE: Update = { kind: 'upToDate' };

export interface UpdateFacts {
  readonly strategy: UpdateStrategy;
  readonly updateIdle: UpdateIdle | undefined;
  /** A person's wish differs from what the run was started with. */
  readonly isWished: boolean;
  /** It could be started again now, and would be. */
  readonly isStartable: boolean;
  /** Of this very run; undefined: nothing was measured yet. */
  readonly idle: IdleVerdict | undefined;
  /** Whether the clock is to be believed: after a jump or a sleep nobody was there to use it. */
  readonly isClockSane: boolean;
}

/** What becomes of a run that differs from its spec in something that only a new start can bring. */
export function judgeUpdate(facts: UpdateFacts): Update {
  const { strategy, updateIdle, isWished, isStartable, idle, isClockSane } = facts;
  if (!isWished || !isStartable) return { kind: 'withNextStart', isWished };
  switch (strategy) {
    case 'OnRestart':
      return { kind: 'withNextStart', isWished };
    case 'Immediate':
      return { kind: 'due' };
    case 'WhenIdle': {
      if (updateIdle === undefined) return { kind: 'withNextStart', isWished };
      const isIdle = idle?.kind === 'idle' && idle.idleMs >= updateIdle.quietMs && isClockSane;
      return isIdle ? { kind: 'due' } : { kind: 'whenIdle', idle: updateIdle };
    }
  }
}
