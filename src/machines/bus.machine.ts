import { assign, fromPromise, setup } from 'xstate';

/**
 * The connection to systemd, as a statechart: when to connect, when it may be used, when to try again.
 *
 * Holds no connection. Its actors (given with `provide`) do the work, its actions tell others.
 */
export type BusEvent =
  | { readonly type: 'LOST'; readonly reason: string }
  /** For good. */
  | { readonly type: 'CLOSE' };

export interface BusContext {
  /** Attempts since it was last connected. */
  readonly failures: number;
  /** Why it isn't connected; empty while it is, and before the first attempt ended. */
  readonly reason: string;
}

/** Wait before the next attempt: 50 ms doubled after each failure, 2 s at most. */
export function backoffMs(failures: number): number {
  return Math.min(50 * 2 ** Math.min(Math.max(failures - 1, 0), 10), 2_000);
}

const notProvided = fromPromise<void, void>(() => Promise.reject(new Error('bus machine: actor not provided')));

function actionNotProvided(): never {
  throw new Error('bus machine: action not provided');
}

export const busMachine = setup({
  types: { context: {} as BusContext, events: {} as BusEvent },
  actors: {
    /** Opens the connection. */
    connect: notProvided,
    /** Asks for signals. */
    subscribe: notProvided,
    /** Reads everything anew, after the signals flow: nothing is missed between. */
    list: notProvided,
  },
  actions: {
    announceConnected: actionNotProvided,
    announceDisconnected: actionNotProvided,
    /** Closes what is left of the connection. Must bear being called twice. */
    drop: actionNotProvided,
    noteFailure: assign(({ context, event }) => ({ failures: context.failures + 1, reason: reasonOf(event) })),
    noteSuccess: assign({ failures: 0, reason: '' }),
  },
  delays: { backoff: ({ context }) => backoffMs(context.failures) },
}).createMachine({
  id: 'bus',
  context: { failures: 0, reason: '' },
  initial: 'connecting',
  on: { CLOSE: { target: '.closed' } },
  states: {
    connecting: {
      invoke: {
        id: 'connect',
        src: 'connect',
        onDone: { target: 'subscribing' },
        onError: { target: 'waiting', actions: 'noteFailure' },
      },
    },
    subscribing: {
      invoke: {
        id: 'subscribe',
        src: 'subscribe',
        onDone: { target: 'listing' },
        onError: { target: 'waiting', actions: 'noteFailure' },
      },
      on: { LOST: { target: 'waiting', actions: 'noteFailure' } },
    },
    listing: {
      invoke: {
        id: 'list',
        src: 'list',
        onDone: { target: 'connected' },
        onError: { target: 'waiting', actions: 'noteFailure' },
      },
      on: { LOST: { target: 'waiting', actions: 'noteFailure' } },
    },
    connected: {
      entry: ['noteSuccess', 'announceConnected'],
      on: { LOST: { target: 'waiting', actions: ['noteFailure', 'announceDisconnected'] } },
    },
    waiting: {
      entry: 'drop',
      after: { backoff: { target: 'connecting' } },
    },
    closed: { type: 'final', entry: 'drop' },
  },
});

function reasonOf(event: { readonly type: string; readonly reason?: unknown; readonly error?: unknown }): string {
  if (typeof event.reason === 'string') return event.reason;
  return event.error instanceof Error ? event.error.message : 'unknown';
}
