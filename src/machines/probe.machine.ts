/**
 * A readiness probe as a statechart: decides when the next try is due and what the tries so far mean, and makes none.
 *
 * Times are monotonic milliseconds. One machine lives for one invocation of one server, so no count outlives a restart.
 */
import { assign, type SnapshotFrom, setup } from 'xstate';

/** Thresholds and delays of a probe; Kubernetes' meaning. */
export interface ProbeTimes {
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/**
 * What a try came to.
 * - succeeded, failed: as the probe says.
 * - absent: nothing listens on the port. Before the server was ready that only means "not yet".
 * - taken: another account listens there: certain at once, so no threshold.
 * - notMade: the try itself was impossible (no file descriptors, /proc unreadable); says nothing about the server.
 */
export type ProbeOutcome = 'succeeded' | 'failed' | 'absent' | 'taken' | 'notMade';

export type ProbeEvent =
  | {
      readonly type: 'TRIED';
      readonly outcome: ProbeOutcome;
      readonly message: string;
      readonly startedAtMs: number;
      readonly nowMs: number;
    }
  /** The probe was edited while the server runs: what was found stands until the next try, which is due at once. */
  | { readonly type: 'EDITED'; readonly times: ProbeTimes; readonly nowMs: number };

export interface ProbeContext {
  readonly times: ProbeTimes;
  /** When the next try is due. */
  readonly dueAtMs: number;
  /** Successes, or failures, in a row. */
  readonly successes: number;
  readonly failures: number;
  readonly isTaken: boolean;
  /** What the last try came to, in words. */
  readonly message: string;
  readonly isKnownReady: boolean;
}

export interface ProbeInput {
  readonly times: ProbeTimes;
  readonly nowMs: number;
  /** An earlier controller found this very run ready: it stays so until enough tries fail. */
  readonly isKnownReady: boolean;
}

/** Between tries until the server is ready for the first time, when somebody is likely to wait for it. */
const FIRST_PERIOD_MS = 1_000;

type Tried = Extract<ProbeEvent, { type: 'TRIED' }>;

export const probeMachine = setup({
  types: { context: {} as ProbeContext, events: {} as ProbeEvent, input: {} as ProbeInput },
  guards: {
    isKnownReady: ({ context }) => context.isKnownReady,
    isNotMade: ({ event }) => tried(event).outcome === 'notMade',
    isTaken: ({ event }) => tried(event).outcome === 'taken',
    isAbsent: ({ event }) => tried(event).outcome === 'absent',
    isEnoughSuccess: ({ context, event }) =>
      tried(event).outcome === 'succeeded' && context.successes + 1 >= context.times.successThreshold,
    isSuccess: ({ event }) => tried(event).outcome === 'succeeded',
    isEnoughFailure: ({ context, event }) =>
      isFailure(tried(event)) && context.failures + 1 >= context.times.failureThreshold,
  },
  actions: {
    countSuccess: assign(({ context, event }) => ({
      ...said(event),
      successes: context.successes + 1,
      failures: 0,
      isTaken: false,
    })),
    countFailure: assign(({ context, event }) => ({
      ...said(event),
      successes: 0,
      failures: context.failures + 1,
      isTaken: false,
    })),
    noteTaken: assign(({ event }) => ({ ...said(event), successes: 0, failures: 0, isTaken: true })),
    noteAbsent: assign(({ event }) => ({ ...said(event), successes: 0, failures: 0, isTaken: false })),
    noteNotMade: assign(({ event }) => said(event)),
    setDueSoon: assign(({ context, event }) => ({
      dueAtMs: dueAfter(tried(event), Math.min(FIRST_PERIOD_MS, context.times.periodMs)),
    })),
    setDueNextPeriod: assign(({ context, event }) => ({ dueAtMs: dueAfter(tried(event), context.times.periodMs) })),
    takeEdit: assign(({ event }) =>
      event.type === 'EDITED' ? { times: event.times, dueAtMs: event.nowMs, successes: 0, failures: 0 } : {},
    ),
  },
}).createMachine({
  id: 'probe',
  context: ({ input }) => ({
    times: input.times,
    dueAtMs: input.nowMs + (input.isKnownReady ? 0 : input.times.initialDelayMs),
    successes: 0,
    failures: 0,
    isTaken: false,
    message: '',
    isKnownReady: input.isKnownReady,
  }),
  initial: 'new',
  on: { EDITED: { actions: 'takeEdit' } },
  states: {
    /** Was never ready. */
    new: {
      // Never entered again, so this is about the beginning alone.
      always: { guard: 'isKnownReady', target: 'known' },
      initial: 'waiting',
      states: {
        /** No verdict yet. */
        waiting: {},
        /** Tried often enough to say that it is not ready, or its port is taken. */
        refused: {},
      },
      on: {
        TRIED: [
          { guard: 'isNotMade', actions: ['noteNotMade', 'setDueSoon'] },
          { guard: 'isTaken', target: '.refused', actions: ['noteTaken', 'setDueSoon'] },
          { guard: 'isAbsent', target: '.waiting', actions: ['noteAbsent', 'setDueSoon'] },
          { guard: 'isEnoughSuccess', target: 'known.ready', actions: ['countSuccess', 'setDueNextPeriod'] },
          { guard: 'isSuccess', actions: ['countSuccess', 'setDueSoon'] },
          { guard: 'isEnoughFailure', target: '.refused', actions: ['countFailure', 'setDueSoon'] },
          { actions: ['countFailure', 'setDueSoon'] },
        ],
      },
    },
    /** Was ready at least once. */
    known: {
      initial: 'ready',
      states: { ready: {}, unready: {} },
      on: {
        TRIED: [
          { guard: 'isNotMade', actions: ['noteNotMade', 'setDueNextPeriod'] },
          { guard: 'isTaken', target: '.unready', actions: ['noteTaken', 'setDueNextPeriod'] },
          { guard: 'isEnoughSuccess', target: '.ready', actions: ['countSuccess', 'setDueNextPeriod'] },
          { guard: 'isSuccess', actions: ['countSuccess', 'setDueNextPeriod'] },
          { guard: 'isEnoughFailure', target: '.unready', actions: ['countFailure', 'setDueNextPeriod'] },
          { actions: ['countFailure', 'setDueNextPeriod'] },
        ],
      },
    },
  },
});

export type ProbeSnapshot = SnapshotFrom<typeof probeMachine>;

/** What the tries so far say. Undefined: no verdict yet. */
export function readinessOf(snapshot: ProbeSnapshot): boolean | undefined {
  if (snapshot.matches({ known: 'ready' })) return true;
  return snapshot.matches({ new: 'waiting' }) ? undefined : false;
}

function tried(event: ProbeEvent): Tried {
  if (event.type !== 'TRIED') throw new Error(`not a try: ${event.type}`);
  return event;
}

function isFailure({ outcome }: Tried): boolean {
  return outcome === 'failed' || outcome === 'absent';
}

function said(event: ProbeEvent): Pick<ProbeContext, 'message'> {
  return { message: tried(event).message };
}

/** Counted from the start of the try, so that slow answers don't stretch the period; never before its end. */
function dueAfter({ startedAtMs, nowMs }: Tried, delayMs: number): number {
  return Math.max(startedAtMs + delayMs, nowMs);
}
