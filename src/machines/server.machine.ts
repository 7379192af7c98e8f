/**
 * The life of one server as a statechart: decides *when* it may run, never *what* to do about it (reconciler/plan.ts)
 * and never does it (reconciler/effects.ts).
 *
 * It holds no truth. Each OBSERVED brings what is wished and where the unit really is, and moves it there from any
 * state; what it remembers between two of them (failures in a row, the end of a backoff) is its context, which the
 * loop stores and hands back as input after a restart of the controller. All times are monotonic milliseconds.
 */
import { and, assign, not, type SnapshotFrom, setup } from 'xstate';
import { type BackoffPolicy, backoffMs, UNEXPECTED_STOP_DELAY_MS } from './backoff.ts';

/** run: it should be up. down: its owner keeps it down. gone: its spec was deleted. left: the same, but it is to run on alone. */
export type Wish = 'run' | 'down' | 'gone' | 'left';

/** Where the unit is; `absent` also means inactive without a job. */
export type UnitPosition = 'absent' | 'starting' | 'active' | 'stopping' | 'failed';

/**
 * How an invocation ended. asked: by our own stop. foreign: somebody else stopped it. clean: exit 0 or a clean signal.
 * failed: anything else. configuration: it could not be executed as its spec says (systemd's exit codes 200-243).
 */
export type ExitKind = 'asked' | 'foreign' | 'clean' | 'failed' | 'configuration';

export interface ServerPolicy {
  readonly restart: 'Always' | 'OnFailure' | 'Never';
  readonly backoff: BackoffPolicy;
}

export interface Observed {
  readonly type: 'OBSERVED';
  readonly nowMs: number;
  readonly wish: Wish;
  /** Something must be settled first: no account, no port, a name that is taken. */
  readonly isBlocked: boolean;
  readonly unit: UnitPosition;
  readonly isReady: boolean;
  /** A restart was asked for that the present invocation does not answer for. */
  readonly isRestartAsked: boolean;
  /** Its probes failed so often that the present run is to end, which counts as a failure of its own. */
  readonly isCondemned: boolean;
  /** An end that no OBSERVED has brought before. */
  readonly exit: ExitKind | null;
  readonly policy: ServerPolicy;
  /** 0 to 1, drawn by the caller. */
  readonly jitter: number;
}

export type ServerEvent =
  | Observed
  /** The spec changed, or a person asked for a new start: past failures don't count any more. */
  | { readonly type: 'FORGIVEN' }
  /** Too many servers are starting at once: wait. */
  | { readonly type: 'HELD' };

export interface ServerContext {
  /** Restarts after failures since the count was last reset. */
  readonly restarts: number;
  /** Null: not backing off. */
  readonly backoffUntilMs: number | null;
  readonly backoffReason: BackoffReason | null;
  /** Why it stays down though it is wished; null where it doesn't. */
  readonly ended: 'Exited' | 'Failed' | null;
  readonly readySinceMs: number | null;
  readonly stoppingSinceMs: number | null;
}

export type BackoffReason = 'Crashed' | 'ExecConfigError' | 'UnexpectedStop';

/** What an earlier controller remembered; absent fields: nothing. */
export type ServerInput = Partial<Pick<ServerContext, 'restarts' | 'backoffUntilMs' | 'backoffReason' | 'ended'>>;

export const serverMachine = setup({
  types: {
    context: {} as ServerContext,
    events: {} as ServerEvent,
    input: {} as ServerInput,
  },
  guards: {
    isLeft: ({ event }) => observed(event).wish === 'left',
    isGone: ({ event }) => observed(event).wish === 'gone',
    isWished: ({ event }) => observed(event).wish === 'run',
    isUnitFree: ({ event }) => observed(event).unit === 'absent' || observed(event).unit === 'failed',
    isUnitStarting: ({ event }) => observed(event).unit === 'starting',
    isUnitStopping: ({ event }) => observed(event).unit === 'stopping',
    isUnitActive: ({ event }) => observed(event).unit === 'active',
    isReady: ({ event }) => observed(event).isReady,
    isRestartAsked: ({ event }) => observed(event).isRestartAsked,
    isCondemned: ({ event }) => observed(event).isCondemned,
    isBlocked: ({ event }) => observed(event).isBlocked,
    isBackingOff: ({ context, event }) =>
      context.backoffUntilMs !== null && observed(event).nowMs < context.backoffUntilMs,
    hasEnded: ({ context }) => context.ended !== null,
    hasExited: ({ context }) => context.ended === 'Exited',
    exitedByConfiguration: ({ event }) => observed(event).exit === 'configuration',
    stoppedByOthers: ({ event }) => observed(event).exit === 'foreign',
    endedForGood: ({ event }) => isEnd(observed(event)) === 'Exited',
    failedForGood: ({ event }) => isEnd(observed(event)) === 'Failed',
    crashed: ({ event }) => isCrash(observed(event)),
    crashedFirst: ({ context, event }) => isCrash(observed(event)) && forgiven(context, observed(event)).restarts === 0,
  },
  actions: {
    forgive: assign({ restarts: 0, backoffUntilMs: null, backoffReason: null, ended: null }),
    forgiveAfterLongReady: assign(({ context, event }) => forgiven(context, observed(event))),
    countRestart: assign(({ context, event }) => {
      const { nowMs, policy, jitter } = observed(event);
      const restarts = forgiven(context, observed(event)).restarts + 1;
      const pauseMs = backoffMs(policy.backoff, restarts, jitter);
      return { restarts, backoffUntilMs: pauseMs === 0 ? null : nowMs + pauseMs, backoffReason: 'Crashed' as const };
    }),
    backOffLongest: assign(({ context, event }) => ({
      restarts: context.restarts + 1,
      backoffUntilMs: observed(event).nowMs + observed(event).policy.backoff.maxMs,
      backoffReason: 'ExecConfigError' as const,
    })),
    backOffBriefly: assign(({ event }) => ({
      backoffUntilMs: observed(event).nowMs + UNEXPECTED_STOP_DELAY_MS,
      backoffReason: 'UnexpectedStop' as const,
    })),
    endCleanly: assign({ ended: 'Exited' as const }),
    endFailed: assign({ ended: 'Failed' as const }),
    leaveBackoff: assign({ backoffUntilMs: null }),
    noteReady: assign(({ context, event }) => ({
      readySinceMs: context.readySinceMs ?? observed(event).nowMs,
      backoffUntilMs: null,
    })),
    noteNotReady: assign({ readySinceMs: null }),
    noteStopping: assign(({ context, event }) => ({
      stoppingSinceMs: context.stoppingSinceMs ?? observed(event).nowMs,
      readySinceMs: null,
    })),
    noteStopped: assign({ stoppingSinceMs: null, readySinceMs: null }),
  },
}).createMachine({
  id: 'server',
  initial: 'pending',
  context: ({ input }) => ({
    restarts: input.restarts ?? 0,
    backoffUntilMs: input.backoffUntilMs ?? null,
    backoffReason: input.backoffReason ?? null,
    ended: input.ended ?? null,
    readySinceMs: null,
    stoppingSinceMs: null,
  }),
  on: {
    FORGIVEN: { actions: 'forgive' },
    OBSERVED: [
      { guard: 'isLeft', target: '.left' },
      { guard: and(['isGone', 'isUnitFree']), target: '.deleted' },
      { guard: 'isGone', target: '.deleting', actions: 'noteStopping' },

      {
        guard: and(['isWished', 'exitedByConfiguration']),
        target: '.backOff',
        actions: ['backOffLongest', 'noteStopped'],
      },
      { guard: and(['isWished', 'stoppedByOthers']), target: '.backOff', actions: ['backOffBriefly', 'noteStopped'] },
      { guard: and(['isWished', 'endedForGood']), target: '.stopped', actions: ['endCleanly', 'noteStopped'] },
      { guard: and(['isWished', 'failedForGood']), target: '.failed', actions: ['endFailed', 'noteStopped'] },
      {
        guard: and(['isWished', 'crashedFirst', 'isBlocked']),
        target: '.pending',
        actions: ['countRestart', 'noteStopped'],
      },
      { guard: and(['isWished', 'crashedFirst']), target: '.starting', actions: ['countRestart', 'noteStopped'] },
      { guard: and(['isWished', 'crashed']), target: '.backOff', actions: ['countRestart', 'noteStopped'] },

      // What could not be started again now runs on: its account may be gone, or its port.
      {
        guard: and(['isWished', 'isUnitActive', 'isRestartAsked', not('isBlocked')]),
        target: '.updating',
        actions: 'noteStopping',
      },
      {
        guard: and(['isWished', 'isUnitActive', 'isCondemned']),
        target: '.stopping',
        actions: ['forgiveAfterLongReady', 'noteStopping'],
      },
      {
        guard: and(['isWished', 'isUnitActive', 'isReady']),
        target: '.ready',
        actions: ['forgiveAfterLongReady', 'noteReady'],
      },
      { guard: and(['isWished', 'isUnitActive']), target: '.running', actions: ['noteNotReady', 'leaveBackoff'] },
      { guard: and(['isWished', 'isUnitStarting']), target: '.starting', actions: 'leaveBackoff' },

      { guard: and(['isWished', 'isUnitFree', 'isBackingOff']), target: '.backOff', actions: 'noteStopped' },
      { guard: and(['isWished', 'isUnitFree', 'hasEnded']), target: '.ended', actions: 'noteStopped' },
      {
        guard: and(['isWished', 'isUnitFree', 'isBlocked']),
        target: '.pending',
        actions: ['noteStopped', 'leaveBackoff'],
      },
      { guard: and(['isWished', 'isUnitFree']), target: '.starting', actions: ['noteStopped', 'leaveBackoff'] },

      { guard: 'isUnitFree', target: '.stopped', actions: ['forgive', 'noteStopped'] },
      { target: '.stopping', actions: 'noteStopping' },
    ],
  },
  states: {
    pending: {},
    starting: { on: { HELD: 'pending' } },
    running: {},
    ready: {},
    /** Stops in order to start anew; ends when the unit is gone, like stopping, but says that it will be back. */
    updating: {
      on: {
        OBSERVED: { guard: and(['isWished', 'isUnitStopping']), target: 'updating', actions: 'noteStopping' },
      },
    },
    stopping: {},
    stopped: {},
    /** Down though wished, for what it did: told apart by how it ended. */
    ended: {
      always: [{ guard: 'hasExited', target: 'stopped' }, { target: 'failed' }],
    },
    backOff: {},
    failed: {},
    deleting: {},
    deleted: { type: 'final' },
    /** Nothing of hublet's any more, whatever its unit does. */
    left: { type: 'final' },
  },
});

export type ServerSnapshot = SnapshotFrom<typeof serverMachine>;
export type ServerState = ServerSnapshot['value'];

function observed(event: ServerEvent): Observed {
  if (event.type !== 'OBSERVED') throw new Error(`an observation was expected, not ${event.type}`);
  return event;
}

/** An exit that the restart policy takes as the last one. */
function isEnd({ exit, policy }: Observed): 'Exited' | 'Failed' | null {
  if (exit === 'clean') return policy.restart === 'Always' ? null : 'Exited';
  if (exit === 'failed') return policy.restart === 'Never' ? 'Failed' : null;
  return null;
}

function isCrash(event: Observed): boolean {
  return (event.exit === 'failed' || event.exit === 'clean') && isEnd(event) === null;
}

function forgiven(context: ServerContext, { nowMs, policy }: Observed): Pick<ServerContext, 'restarts'> {
  const isLongReady = context.readySinceMs !== null && nowMs - context.readySinceMs >= policy.backoff.resetAfterMs;
  return { restarts: isLongReady ? 0 : context.restarts };
}
