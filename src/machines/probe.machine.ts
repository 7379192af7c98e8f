/**
 * A probe as a statechart, of startup, readiness or liveness: decides when the next try is due and what the tries so far
 * mean, and makes none. That startup gates the other two is the prober's: it asks these only after that one has succeeded.
 *
 * Times are monotonic milliseconds. One machine lives for one invocation of one server, so no count outlives a restart.
 * @see Kubernetes, "Configure Liveness, Readiness and Startup Probes"
 */
import { and, assign, type SnapshotFrom, setup } from 'xstate';

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
 * - taken: another account listens there: certain at once, so no threshold where readiness is asked. Any local user can
 *   bring that about, so it says nothing of whether a server that runs still works.
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
  /** The last try could be made, and failed. */
  readonly isFailing: boolean;
  readonly kind: ProbeKind;
  readonly isKnownGood: boolean;
}

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

export interface ProbeInput {
  readonly kind: ProbeKind;
  readonly times: ProbeTimes;
  readonly nowMs: number;
  /** This very run is known to have started (startup), or to be ready until enough tries fail (readiness). */
  readonly isKnownGood: boolean;
}

/** Between tries until the server is ready for the first time, when somebody is likely to wait for it. */
const FIRST_PERIOD_MS = 1_000;

type Tried = Extract<ProbeEvent, { type: 'TRIED' }>;

export const probeMachine = setup({
  types: { context: {} as ProbeContext, events: {} as ProbeEvent, input: {} as ProbeInput },
  guards: {
    isStartup: ({ context }) => context.kind === 'startup',
    isLiveness: ({ context }) => context.kind === 'liveness',
    isKnownGood: ({ context }) => context.isKnownGood,
    isNotMade: ({ event }) => tried(event).outcome === 'notMade',
    isTaken: ({ event }) => tried(event).outcome === 'taken',
    isAbsent: ({ event }) => tried(event).outcome === 'absent',
    isEnoughSuccess: ({ context, event }) =>
      tried(event).outcome === 'succeeded' && context.successes + 1 >= context.times.successThreshold,
    isSuccess: ({ event }) => tried(event).outcome === 'succeeded',
    isEnoughFailure: ({ context, event }) =>
      isFailure(tried(event)) && context.failures + 1 >= context.times.failureThreshold,
    /** Of a start: whoever else has its port, it does not answer there. */
    isEnoughForStart: ({ context }) => context.failures + 1 >= context.times.failureThreshold,
  },
  actions: {
    countSuccess: assign(({ context, event }) => ({
      ...said(event),
      successes: context.successes + 1,
      failures: 0,
      isTaken: false,
      isFailing: false,
    })),
    countFailure: assign(({ context, event }) => ({
      ...said(event),
      successes: 0,
      failures: context.failures + 1,
      isTaken: tried(event).outcome === 'taken',
      isFailing: true,
    })),
    noteTaken: assign(({ event }) => ({ ...said(event), successes: 0, failures: 0, isTaken: true, isFailing: true })),
    noteAbsent: assign(({ event }) => ({ ...said(event), successes: 0, failures: 0, isTaken: false, isFailing: true })),
    noteNotMade: assign(({ event }) => ({ ...said(event), isFailing: false })),
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
    dueAtMs: input.nowMs + (input.isKnownGood ? 0 : input.times.initialDelayMs),
    successes: 0,
    failures: 0,
    isTaken: false,
    message: '',
    isFailing: false,
    kind: input.kind,
    isKnownGood: input.isKnownGood,
  }),
  initial: 'choosing',
  on: { EDITED: { actions: 'takeEdit' } },
  states: {
    /** Left at once. */
    choosing: {
      always: [
        { guard: and(['isStartup', 'isKnownGood']), target: 'startup.started' },
        { guard: 'isStartup', target: 'startup' },
        { guard: 'isLiveness', target: 'liveness' },
        { guard: 'isKnownGood', target: 'known' },
        { target: 'new' },
      ],
    },
    startup: {
      initial: 'starting',
      states: {
        starting: {
          on: {
            TRIED: [
              { guard: 'isNotMade', actions: ['noteNotMade', 'setDueNextPeriod'] },
              { guard: 'isSuccess', target: 'started', actions: ['countSuccess', 'setDueNextPeriod'] },
              { guard: 'isEnoughForStart', target: 'failed', actions: ['countFailure', 'setDueNextPeriod'] },
              { actions: ['countFailure', 'setDueNextPeriod'] },
            ],
          },
        },
        /** Not asked again in this run. */
        started: {},
        /** The run is to end. */
        failed: {},
      },
    },
    liveness: {
      initial: 'alive',
      states: {
        /** As long as nothing says otherwise. */
        alive: {
          on: {
            TRIED: [
              { guard: 'isNotMade', actions: ['noteNotMade', 'setDueNextPeriod'] },
              { guard: 'isTaken', actions: ['noteNotMade', 'setDueNextPeriod'] },
              { guard: 'isSuccess', actions: ['countSuccess', 'setDueNextPeriod'] },
              { guard: 'isEnoughFailure', target: 'dead', actions: ['countFailure', 'setDueNextPeriod'] },
              { actions: ['countFailure', 'setDueNextPeriod'] },
            ],
          },
        },
        /** The run is to end: not asked again, but after an edit, which may have been what was wrong. */
        dead: { on: { EDITED: { target: 'alive', actions: 'takeEdit' } } },
      },
    },
    /** Was never ready. */
    new: {
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

/** What the tries so far say: whether it has started, is ready, or still works. Undefined: no verdict yet. */
export function healthOf(snapshot: ProbeSnapshot): boolean | undefined {
  const isGood = goodStates.some((state) => snapshot.matches(state));
  const isOpen = openStates.some((state) => snapshot.matches(state));
  return isGood ? true : isOpen ? undefined : false;
}

/** Whether there is anything more to ask in this run. */
export function isOver(snapshot: ProbeSnapshot): boolean {
  return (
    snapshot.matches({ startup: 'started' }) ||
    snapshot.matches({ startup: 'failed' }) ||
    snapshot.matches({ liveness: 'dead' })
  );
}

const goodStates = [{ startup: 'started' }, { known: 'ready' }, { liveness: 'alive' }] as const;
const openStates = [{ startup: 'starting' }, { new: 'waiting' }] as const;

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
