/** What measurings one after the other make of a run. Pure. */
import type { IdleReading, IdleVerdict, KnownIdleness } from './types.ts';

export interface IdleMoment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** What is kept of one run between two measurings. */
export interface IdleState {
  /** Since when all checks agree that it is idle; undefined: they don't. */
  readonly quietSince: IdleMoment | undefined;
  readonly verdict: IdleVerdict;
}

/** Somebody may have come and gone unseen where nobody measured for longer than this. */
const GAP_MAX_MS = 300_000;

/** What an earlier controller knew of a run, to go on from; undefined where that was too long ago. */
export function resumedState(
  { invocationId, sinceMs, sinceWallMs, lastActivityMs, measuredMs }: KnownIdleness,
  nowMs: number,
): IdleState | undefined {
  if (nowMs < measuredMs || nowMs - measuredMs > GAP_MAX_MS || sinceMs > nowMs) return undefined;
  const idleMs = measuredMs - sinceMs;
  return {
    quietSince: { wallMs: sinceWallMs, monotonicMs: sinceMs },
    verdict: { invocationId, kind: 'idle', idleMs, sinceWallMs, lastActivityMs, measuredMs },
  };
}

/**
 * The state after one measuring: idle is what all checks say, and what can't be measured counts as used.
 *
 * @param before undefined: the first measuring of the run
 */
export function nextState(
  invocationId: string,
  before: IdleState | undefined,
  readings: readonly IdleReading[],
  now: IdleMoment,
): IdleState {
  const isIdle = readings.length > 0 && readings.every((reading) => reading === 'quiet');
  if (!isIdle) {
    const kind = readings.includes('used') ? 'active' : 'unknown';
    const { wallMs: lastActivityMs, monotonicMs: measuredMs } = now;
    const verdict = { invocationId, kind, idleMs: 0, sinceWallMs: undefined, lastActivityMs, measuredMs } as const;
    return { quietSince: undefined, verdict };
  }
  const quietSince = before?.quietSince ?? now;
  return {
    quietSince,
    verdict: {
      invocationId,
      kind: 'idle',
      idleMs: now.monotonicMs - quietSince.monotonicMs,
      sinceWallMs: quietSince.wallMs,
      lastActivityMs: before?.verdict.lastActivityMs ?? now.wallMs,
      measuredMs: now.monotonicMs,
    },
  };
}
