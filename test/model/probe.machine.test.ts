import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import {
  healthOf,
  isOver,
  type ProbeEvent,
  type ProbeKind,
  type ProbeOutcome,
  type ProbeSnapshot,
  type ProbeTimes,
  probeMachine,
} from '../../src/machines/probe.machine.ts';

const TIMES: ProbeTimes = { initialDelayMs: 0, periodMs: 10_000, successThreshold: 1, failureThreshold: 3 };
const KINDS: readonly ProbeKind[] = ['startup', 'readiness', 'liveness'];
const OUTCOMES: readonly ProbeOutcome[] = ['succeeded', 'failed', 'absent', 'taken', 'notMade'];

function start(kind: ProbeKind, isKnownGood = false, times: Partial<ProbeTimes> = {}): ProbeSnapshot {
  return initialTransition(probeMachine, { kind, times: { ...TIMES, ...times }, nowMs: 0, isKnownGood })[0];
}

function tryOf(outcome: ProbeOutcome, startedAtMs = 0): ProbeEvent {
  return { type: 'TRIED', outcome, message: outcome, startedAtMs, nowMs: startedAtMs };
}

function tried(snapshot: ProbeSnapshot, ...outcomes: readonly ProbeOutcome[]): ProbeSnapshot {
  return outcomes.reduce(
    (now, outcome) => transition(probeMachine, now, tryOf(outcome, now.context.dueAtMs))[0],
    snapshot,
  );
}

const repeat = (outcome: ProbeOutcome, times: number): ProbeOutcome[] => Array<ProbeOutcome>(times).fill(outcome);
const anyOutcome = fc.constantFrom(...OUTCOMES);
const anyHistory = fc.array(anyOutcome, { maxLength: 30 });

describe('a startup probe', () => {
  it('has started with its first success, and is not asked again', () => {
    const started = tried(start('startup'), 'absent', 'failed', 'succeeded');

    expect([healthOf(started), isOver(started)]).toEqual([true, true]);
    expect(healthOf(tried(started, ...repeat('failed', 100)))).toBe(true);
  });

  it('is given up after as many failures in a row as its threshold says, silence and a taken port included', () => {
    expect(healthOf(tried(start('startup'), 'failed', 'absent'))).toBeUndefined();
    const failed = tried(start('startup'), 'failed', 'absent', 'taken');

    expect([healthOf(failed), isOver(failed)]).toEqual([false, true]);
    expect(failed.context).toMatchObject({ failures: 3, message: 'taken', isTaken: true });
  });

  it('is asked every period from the beginning', () => {
    expect(tried(start('startup', false, { periodMs: 2_000 }), 'absent').context.dueAtMs).toBe(2_000);
  });

  it('counts a failure as the last word, and one that could not be made as none', () => {
    expect(tried(start('startup'), 'absent').context.isFailing).toBe(true);
    expect(tried(start('startup'), 'absent', 'notMade').context.isFailing).toBe(false);
  });

  it('is over at once for a run that is known to have started', () => {
    const known = start('startup', true, { initialDelayMs: 5_000 });

    expect([healthOf(known), isOver(known)]).toEqual([true, true]);
  });
});

describe('a liveness probe', () => {
  it('takes a server for alive until enough failures in a row say otherwise', () => {
    expect(healthOf(start('liveness'))).toBe(true);
    expect(healthOf(tried(start('liveness'), 'failed', 'absent'))).toBe(true);
    expect(healthOf(tried(start('liveness'), 'failed', 'absent', 'succeeded', 'failed', 'failed'))).toBe(true);
    const dead = tried(start('liveness'), 'failed', 'absent', 'failed');

    expect([healthOf(dead), isOver(dead)]).toEqual([false, true]);
  });

  it('never fires for what could not be asked, and for a port that somebody else holds', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<ProbeOutcome>('notMade', 'taken'), { maxLength: 50 }), (outcomes) => {
        expect(healthOf(tried(start('liveness'), 'failed', 'failed', ...outcomes))).toBe(true);
      }),
    );
  });

  it('is asked anew after an edit', () => {
    const dead = tried(start('liveness'), ...repeat('failed', 3));
    const [edited] = transition(probeMachine, dead, { type: 'EDITED', times: TIMES, nowMs: 77 });

    expect([healthOf(edited), isOver(edited), edited.context.dueAtMs]).toEqual([true, false, 77]);
    expect(healthOf(tried(edited, 'failed', 'failed'))).toBe(true);
  });
});

describe('every path of the chart', () => {
  const events: ProbeEvent[] = [
    ...OUTCOMES.map((outcome) => tryOf(outcome)),
    { type: 'EDITED', times: TIMES, nowMs: 0 },
  ];
  const paths = KINDS.flatMap((kind) =>
    [false, true].flatMap((isKnownGood) =>
      getShortestPaths(probeMachine, {
        events,
        input: { kind, times: { ...TIMES, successThreshold: kind === 'readiness' ? 2 : 1 }, nowMs: 0, isKnownGood },
        limit: 5_000,
        serializeState: ({ value, context }) =>
          JSON.stringify([value, Math.min(context.successes, 3), Math.min(context.failures, 4), context.isTaken]),
        stopWhen: ({ context }) => context.failures > 4 || context.successes > 3,
      }).map((path) => ({ kind, state: path.state })),
    ),
  );

  it('reaches every state, and stays in its own kind', () => {
    const reached = new Set(paths.map(({ state }) => JSON.stringify(state.value)));
    expect([...reached].sort()).toEqual(
      [
        { known: 'ready' },
        { known: 'unready' },
        { liveness: 'alive' },
        { liveness: 'dead' },
        { new: 'refused' },
        { new: 'waiting' },
        { startup: 'failed' },
        { startup: 'started' },
        { startup: 'starting' },
      ]
        .map((value) => JSON.stringify(value))
        .sort(),
    );
    for (const { kind, state } of paths) {
      const [top] = Object.keys(state.value);
      expect(top).toBe(kind === 'readiness' ? (top === 'new' ? 'new' : 'known') : kind);
    }
  });

  it('from every state, enough successes say that it is well, unless its run is to end', () => {
    for (const { state } of paths) {
      const expected = isOver(state) ? healthOf(state) : true;
      expect(healthOf(tried(state, 'succeeded', 'succeeded'))).toBe(expected);
    }
  });

  it('from every state, a try that could not be made changes neither verdict nor counts', () => {
    for (const { state } of paths) {
      const next = tried(state, 'notMade');
      expect([next.value, next.context.failures, next.context.successes]).toEqual([
        state.value,
        state.context.failures,
        state.context.successes,
      ]);
    }
  });

  it('whatever happens, only startup and liveness come to an end, and only by failures that were made', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), anyHistory, (kind, history) => {
        const state = tried(start(kind), ...history);
        const failures = history.filter((outcome) => outcome !== 'succeeded' && outcome !== 'notMade').length;
        if (isOver(state) && healthOf(state) === false) expect(failures).toBeGreaterThanOrEqual(TIMES.failureThreshold);
        if (kind === 'readiness') expect(isOver(state)).toBe(false);
      }),
    );
  });

  it('any history ends where a fresh start would that knows whether the run was good before', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...KINDS),
        anyHistory,
        fc.constantFrom<ProbeOutcome>('succeeded', 'failed'),
        (kind, history, last) => {
          const lived = tried(start(kind), ...history);
          if (isOver(lived) && healthOf(lived) === false) return;
          const isKnownGood = lived.matches('known') || lived.matches({ startup: 'started' });
          const tail = repeat(last, TIMES.failureThreshold);
          expect(healthOf(tried(lived, ...tail))).toBe(healthOf(tried(start(kind, isKnownGood), ...tail)));
        },
      ),
    );
  });

  it('the next try is never before the last and never later than a period after it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), anyHistory, anyOutcome, (kind, history, last) => {
        const before = tried(start(kind), ...history);
        const waitMs = tried(before, last).context.dueAtMs - before.context.dueAtMs;
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(TIMES.periodMs);
      }),
    );
  });
});
