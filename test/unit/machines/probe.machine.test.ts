import fc from 'fast-check';
import { expect, test } from 'vitest';
import { initialTransition, transition } from 'xstate';
import {
  healthOf,
  type ProbeOutcome,
  type ProbeSnapshot,
  type ProbeTimes,
  probeMachine,
} from '../../../src/machines/probe.machine.ts';

const TIMES: ProbeTimes = { initialDelayMs: 0, periodMs: 10_000, successThreshold: 1, failureThreshold: 3 };
const START_MS = 5_000;

function start(times: Partial<ProbeTimes> = {}): ProbeSnapshot {
  return initialTransition(probeMachine, {
    times: { ...TIMES, ...times },
    nowMs: START_MS,
    isKnownGood: false,
    kind: 'readiness',
  })[0];
}

/** Each try is made when it is due and takes 5 ms. */
function after(snapshot: ProbeSnapshot, ...outcomes: readonly ProbeOutcome[]): ProbeSnapshot {
  return outcomes.reduce((now, outcome) => {
    const startedAtMs = now.context.dueAtMs;
    return transition(probeMachine, now, {
      type: 'TRIED',
      outcome,
      message: outcome,
      startedAtMs,
      nowMs: startedAtMs + 5,
    })[0];
  }, snapshot);
}

function waitMs(before: ProbeSnapshot, outcome: ProbeOutcome): number {
  return after(before, outcome).context.dueAtMs - before.context.dueAtMs;
}

test('a run that is known to be ready is tried at once, and ready until enough tries failed', () => {
  const input = {
    times: { ...TIMES, initialDelayMs: 3_000 },
    nowMs: START_MS,
    isKnownGood: true,
    kind: 'readiness' as const,
  };
  const [known] = initialTransition(probeMachine, input);
  expect([known.context.dueAtMs, healthOf(known)]).toEqual([START_MS, true]);
  expect(healthOf(after(known, 'absent', 'failed'))).toBe(true);
  expect(healthOf(after(known, 'absent', 'failed', 'absent'))).toBe(false);
});

test('the first try is due after the initial delay', () => {
  expect(start({ initialDelayMs: 3_000 }).context.dueAtMs).toBe(START_MS + 3_000);
});

test('there is no verdict before the first try, and one success makes it ready', () => {
  expect(healthOf(start())).toBeUndefined();
  expect(healthOf(after(start(), 'succeeded'))).toBe(true);
});

test('tries come every second until the first success, then every period', () => {
  expect(waitMs(start(), 'absent')).toBe(1_000);
  expect(waitMs(after(start(), 'failed', 'failed', 'failed', 'failed'), 'failed')).toBe(1_000);
  expect(waitMs(start(), 'succeeded')).toBe(10_000);
  expect(waitMs(after(start(), 'succeeded'), 'failed')).toBe(10_000);
  expect(waitMs(after(start(), 'succeeded', 'failed', 'failed', 'failed'), 'failed')).toBe(10_000);
});

test('a period below a second is kept before the first success too', () => {
  expect(waitMs(start({ periodMs: 200 }), 'absent')).toBe(200);
});

test('a slow try does not stretch the period, and the next never comes before its end', () => {
  const tried = (tookMs: number) =>
    transition(probeMachine, after(start(), 'succeeded'), {
      type: 'TRIED',
      outcome: 'failed',
      message: '',
      startedAtMs: 20_000,
      nowMs: 20_000 + tookMs,
    })[0].context.dueAtMs;

  expect(tried(2_000)).toBe(30_000);
  expect(tried(12_000)).toBe(32_000);
});

test('before the first success a port where nothing listens is no verdict, however long it lasts', () => {
  expect(healthOf(after(start(), ...Array<ProbeOutcome>(100).fill('absent')))).toBeUndefined();
});

test('before the first success wrong answers are a verdict from the failure threshold on', () => {
  expect(healthOf(after(start(), 'failed', 'failed'))).toBeUndefined();
  expect(healthOf(after(start(), 'failed', 'failed', 'failed'))).toBe(false);
  expect(healthOf(after(start(), 'failed', 'failed', 'failed', 'succeeded'))).toBe(true);
});

test('once ready it takes as many failures in a row as the threshold says, silence included', () => {
  const ready = after(start(), 'succeeded');

  expect(healthOf(after(ready, 'failed', 'absent'))).toBe(true);
  expect(healthOf(after(ready, 'failed', 'failed', 'succeeded', 'failed', 'failed'))).toBe(true);
  expect(healthOf(after(ready, 'failed', 'absent', 'failed'))).toBe(false);
});

test('it takes as many successes in a row as the threshold says', () => {
  const twice = start({ successThreshold: 2 });

  expect(healthOf(after(twice, 'succeeded'))).toBeUndefined();
  expect(healthOf(after(twice, 'succeeded', 'failed', 'succeeded'))).toBeUndefined();
  expect(healthOf(after(twice, 'succeeded', 'succeeded'))).toBe(true);
});

test('a port taken by another account is a verdict at once, and is over with the next success', () => {
  const taken = after(start(), 'succeeded', 'taken');

  expect([healthOf(taken), taken.context.isTaken]).toEqual([false, true]);
  expect(healthOf(after(start(), 'taken'))).toBe(false);
  expect(after(taken, 'succeeded').context.isTaken).toBe(false);
  expect(healthOf(after(taken, 'succeeded'))).toBe(true);
});

test('a port that was taken and is free again is back to waiting where it never was ready', () => {
  expect(healthOf(after(start(), 'taken', 'absent'))).toBeUndefined();
});

test('an edit keeps the verdict, starts the counts anew and makes a try due at once', () => {
  const ready = after(start(), 'succeeded', 'failed', 'failed');

  const [edited] = transition(probeMachine, ready, { type: 'EDITED', times: { ...TIMES, periodMs: 4_000 }, nowMs: 77 });

  expect(healthOf(edited)).toBe(true);
  expect(edited.context).toMatchObject({ dueAtMs: 77, failures: 0 });
  expect(healthOf(after(edited, 'failed', 'failed'))).toBe(true);
  expect(waitMs(edited, 'failed')).toBe(4_000);
});

const anyOutcome = fc.constantFrom<ProbeOutcome>('succeeded', 'failed', 'absent', 'taken', 'notMade');

test('tries that could not be made never change a verdict, wherever they stand', () => {
  fc.assert(
    fc.property(fc.array(anyOutcome, { maxLength: 30 }), (outcomes) => {
      const made = outcomes.filter((outcome) => outcome !== 'notMade');

      expect(healthOf(after(start(), ...outcomes))).toBe(healthOf(after(start(), ...made)));
    }),
  );
});

test('whatever happens, the next try is due later than the last and within a period', () => {
  fc.assert(
    fc.property(fc.array(anyOutcome, { maxLength: 30 }), anyOutcome, (outcomes, last) => {
      const before = after(start(), ...outcomes);

      expect(waitMs(before, last)).toBeGreaterThanOrEqual(1_000);
      expect(waitMs(before, last)).toBeLessThanOrEqual(TIMES.periodMs);
    }),
  );
});

test('a server that was ready is never without a verdict again', () => {
  fc.assert(
    fc.property(fc.array(anyOutcome, { maxLength: 30 }), (outcomes) => {
      expect(healthOf(after(start(), 'succeeded', ...outcomes))).toBeDefined();
    }),
  );
});
