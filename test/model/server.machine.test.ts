import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import {
  backoffMs,
  CRASH_LOOP_RESTARTS,
  DEFAULT_BACKOFF,
  UNEXPECTED_STOP_DELAY_MS,
} from '../../src/machines/backoff.ts';
import {
  type ExitKind,
  type Observed,
  type ServerEvent,
  type ServerInput,
  type ServerSnapshot,
  serverMachine,
  type UnitPosition,
  type Wish,
} from '../../src/machines/server.machine.ts';
import { planActions } from '../../src/reconciler/plan.ts';
import type { UnitPlan } from '../../src/units/types.ts';

const QUIET: Observed = {
  type: 'OBSERVED',
  nowMs: 0,
  wish: 'run',
  isBlocked: false,
  unit: 'absent',
  isReady: false,
  isRestartAsked: false,
  isCondemned: false,
  exit: null,
  policy: { restart: 'OnFailure', backoff: DEFAULT_BACKOFF },
  jitter: 0,
};

const fresh = (input: ServerInput = {}): ServerSnapshot => initialTransition(serverMachine, input)[0];
const feed = (snapshot: ServerSnapshot, ...events: (Partial<Observed> | ServerEvent)[]): ServerSnapshot =>
  events.reduce<ServerSnapshot>((present, event) => {
    const whole =
      event.type === 'FORGIVEN' || event.type === 'HELD' ? event : { ...QUIET, ...(event as Partial<Observed>) };
    return transition(serverMachine, present, whole)[0];
  }, snapshot);
const crash = (nowMs: number): Partial<Observed> => ({ nowMs, unit: 'failed', exit: 'failed' });
const ready = (nowMs: number): Partial<Observed> => ({ nowMs, unit: 'active', isReady: true });

describe('server statechart', () => {
  it('starts what is wished, and says running and ready when the unit is', () => {
    const starting = feed(fresh(), {});
    expect(starting.value).toBe('starting');
    const running = feed(starting, { unit: 'starting' }, { unit: 'active' });
    expect(running.value).toBe('running');
    expect(feed(running, ready(1)).value).toBe('ready');
  });

  it('adopts a running unit from any first look', () => {
    expect(feed(fresh(), ready(0)).value).toBe('ready');
    expect(feed(fresh(), { unit: 'stopping' }).value).toBe('stopping');
  });

  it('waits in pending while something is in the way, and while too many others start', () => {
    expect(feed(fresh(), { isBlocked: true }).value).toBe('pending');
    expect(feed(fresh(), {}, { type: 'HELD' }).value).toBe('pending');
    expect(feed(fresh(), {}, { type: 'HELD' }, {}).value).toBe('starting');
  });

  it('restarts at once after the first failure, then backs off', () => {
    const first = feed(fresh(), ready(0), crash(1_000));
    expect(first.value).toBe('starting');
    expect(first.context.restarts).toBe(1);
    const second = feed(first, { nowMs: 2_000, unit: 'active' }, crash(3_000));
    expect(second.value).toBe('backOff');
    expect(second.context.backoffUntilMs).toBe(13_000);
    expect(feed(second, { nowMs: 12_999 }).value).toBe('backOff');
    expect(feed(second, { nowMs: 13_000 }).value).toBe('starting');
  });

  it('forgives failures after ten minutes of Ready, not before', () => {
    const worn = fresh({ restarts: 5 });
    const short = feed(worn, ready(0), crash(DEFAULT_BACKOFF.resetAfterMs - 1));
    expect(short.value).toBe('backOff');
    const long = feed(worn, ready(0), crash(DEFAULT_BACKOFF.resetAfterMs));
    expect(long.value).toBe('starting');
    expect(long.context.restarts).toBe(1);
  });

  it('forgives failures when the spec changes, and starts what had ended', () => {
    const backingOff = feed(fresh({ restarts: 4 }), crash(0));
    expect(feed(backingOff, { type: 'FORGIVEN' }, { nowMs: 1 }).value).toBe('starting');
    const ended = feed(fresh(), ready(0), { unit: 'absent', exit: 'clean' });
    expect(ended.value).toBe('stopped');
    expect(feed(ended, {}).value).toBe('stopped');
    expect(feed(ended, { type: 'FORGIVEN' }, {}).value).toBe('starting');
  });

  it.each([
    ['OnFailure', 'clean', 'stopped'],
    ['OnFailure', 'failed', 'starting'],
    ['Never', 'clean', 'stopped'],
    ['Never', 'failed', 'failed'],
    ['Always', 'clean', 'starting'],
    ['Always', 'failed', 'starting'],
  ] as const)('policy %s after a %s exit: %s', (restart, exit, value) => {
    const unit = exit === 'failed' ? 'failed' : 'absent';
    const policy = { restart, backoff: DEFAULT_BACKOFF };
    expect(feed(fresh(), ready(0), { unit, exit, policy }).value).toBe(value);
  });

  it('goes straight to the longest pause where the command can not be executed', () => {
    const stalled = feed(fresh(), {}, { nowMs: 10, unit: 'failed', exit: 'configuration' });
    expect(stalled.value).toBe('backOff');
    expect(stalled.context).toMatchObject({
      backoffReason: 'ExecConfigError',
      backoffUntilMs: 10 + DEFAULT_BACKOFF.maxMs,
    });
  });

  it('starts again five seconds after somebody stopped it by hand, and does not count that', () => {
    const stopped = feed(fresh(), ready(0), { nowMs: 100, unit: 'absent', exit: 'foreign' });
    expect(stopped.value).toBe('backOff');
    expect(stopped.context.restarts).toBe(0);
    expect(feed(stopped, { nowMs: 5_100 }).value).toBe('starting');
  });

  it('stops when wished down, and forgets failures with it', () => {
    const stopping = feed(fresh({ restarts: 3 }), ready(0), { wish: 'down', unit: 'active' });
    expect(stopping.value).toBe('stopping');
    const stopped = feed(stopping, { wish: 'down', unit: 'absent', exit: 'asked' });
    expect(stopped.value).toBe('stopped');
    expect(stopped.context.restarts).toBe(0);
  });

  it('restarts on request by way of updating', () => {
    const updating = feed(fresh(), ready(0), { unit: 'active', isReady: true, isRestartAsked: true });
    expect(updating.value).toBe('updating');
    const waiting = feed(updating, { unit: 'stopping', isRestartAsked: true });
    expect(waiting.value).toBe('updating');
    expect(feed(waiting, { unit: 'absent', exit: 'asked', isRestartAsked: true }).value).toBe('starting');
  });

  it('stops a run that its probes condemn, and takes its end for a failure', () => {
    const stopping = feed(fresh(), { nowMs: 0, unit: 'active' }, { nowMs: 5, unit: 'active', isCondemned: true });
    expect(stopping.value).toBe('stopping');
    const waiting = feed(stopping, { nowMs: 6, unit: 'stopping' });
    expect(waiting.value).toBe('stopping');
    const again = feed(waiting, { nowMs: 7, unit: 'absent', exit: 'failed' });
    expect([again.value, again.context.restarts]).toEqual(['starting', 1]);
    const condemned = feed(again, { nowMs: 8, unit: 'active', isCondemned: true });
    expect(feed(condemned, { nowMs: 9, unit: 'absent', exit: 'failed' }).context).toMatchObject({
      restarts: 2,
      backoffUntilMs: 10_009,
    });
  });

  it('forgives failures of a server that was ready for long before its probes condemned it', () => {
    const worn = feed(fresh({ restarts: 5 }), ready(0));
    const condemned = feed(worn, { nowMs: DEFAULT_BACKOFF.resetAfterMs, unit: 'active', isCondemned: true });
    expect(condemned.context.restarts).toBe(0);
  });

  it('deletes, and starts anew when the file is back during the stop', () => {
    const deleting = feed(fresh(), ready(0), { wish: 'gone', unit: 'active' });
    expect(deleting.value).toBe('deleting');
    expect(feed(deleting, { wish: 'gone', unit: 'absent', exit: 'asked' }).value).toBe('deleted');
    const back = feed(deleting, { unit: 'stopping' });
    expect(back.value).toBe('stopping');
    expect(feed(back, { unit: 'absent', exit: 'asked' }).value).toBe('starting');
  });
});

describe('server statechart, all of it', () => {
  const wishes: readonly Wish[] = ['run', 'down', 'gone'];
  const units: readonly UnitPosition[] = ['absent', 'starting', 'active', 'stopping', 'failed'];
  const exits: readonly (ExitKind | null)[] = [null, 'asked', 'foreign', 'clean', 'failed', 'configuration'];
  const isFree = (unit: UnitPosition) => unit === 'absent' || unit === 'failed';
  const events: ServerEvent[] = wishes.flatMap((wish) =>
    units.flatMap((unit) =>
      exits
        .filter((exit) => exit === null || isFree(unit))
        .flatMap((exit) =>
          [{}, { isBlocked: true, isReady: true }, { isCondemned: true }].map(
            (flags): ServerEvent => ({ ...QUIET, wish, unit, exit, ...flags, nowMs: 1_000_000 }),
          ),
        ),
    ),
  );
  // Whatever else is the case: one look.
  events.push({ type: 'FORGIVEN' }, { type: 'HELD' }, { ...QUIET, wish: 'left', unit: 'active' });

  const paths = getShortestPaths(serverMachine, {
    events,
    input: {},
    limit: 50_000,
    serializeState: (snapshot) => {
      const { restarts, backoffUntilMs, ended } = snapshot.context;
      return JSON.stringify([snapshot.value, Math.min(restarts, 3), backoffUntilMs !== null, ended]);
    },
    stopWhen: (snapshot) => snapshot.context.restarts > 3,
  });

  it('reaches every phase', () => {
    const reached = new Set(paths.map((path) => path.state.value));
    for (const phase of [
      'pending',
      'starting',
      'running',
      'ready',
      'stopping',
      'stopped',
      'backOff',
      'deleting',
      'deleted',
      'left',
    ]) {
      expect(reached).toContain(phase);
    }
  });

  it('from every reachable state, one look at a healthy unit ends in ready and one at a gone server in deleted', () => {
    for (const { state } of paths) {
      if (state.status !== 'active') continue;
      expect(feed(state, ready(2_000_000)).value).toBe('ready');
      expect(feed(state, { wish: 'gone', unit: 'absent' }).value).toBe('deleted');
      expect(feed(state, { wish: 'left', unit: 'active' }).value).toBe('left');
      expect(feed(state, { wish: 'down', unit: 'active' }).value).toBe('stopping');
      expect(feed(state, { wish: 'down', unit: 'failed' }).value).toBe('stopped');
    }
  });

  const anyEvent = fc.record({
    type: fc.constant('OBSERVED' as const),
    nowMs: fc.nat(3_600_000),
    wish: fc.constantFrom(...wishes.slice(0, 2)),
    isBlocked: fc.boolean(),
    unit: fc.constantFrom(...units),
    isReady: fc.boolean(),
    isRestartAsked: fc.boolean(),
    isCondemned: fc.boolean(),
    exit: fc.constantFrom(...exits),
    policy: fc.record({
      restart: fc.constantFrom('Always' as const, 'OnFailure' as const, 'Never' as const),
      backoff: fc.constant(DEFAULT_BACKOFF),
    }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it('the same look twice changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 12 }), anyEvent, (history, last) => {
        const look = { ...last, exit: null };
        const once = feed(fresh(), ...history, look);
        const twice = feed(once, look);
        expect(twice.value).toEqual(once.value);
        expect(twice.context).toEqual(once.context);
      }),
    );
  });

  it('stops nothing that is wished unless a new run is asked for or its probes condemn it', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), anyEvent, (history, last) => {
        const look = { ...last, wish: 'run' as const, unit: 'active' as const, exit: null };
        const { value } = feed(fresh(), ...history, { ...look, isRestartAsked: false, isCondemned: false });
        expect(value).toBe(last.isReady ? 'ready' : 'running');
        const condemned = feed(fresh(), ...history, { ...look, isRestartAsked: false, isCondemned: true });
        expect(condemned.value).toBe('stopping');
      }),
    );
  });

  /** What a controller that died is known by: how the next one begins. */
  const memoryOf = ({ context }: ServerSnapshot): ServerInput => {
    const { restarts, backoffUntilMs, backoffReason, ended } = context;
    return { restarts, backoffUntilMs, backoffReason, ended };
  };

  it('every rule of every state holds for every look: what is there decides, not how it came to it', () => {
    const looks = events.filter((event) => event.type === 'OBSERVED' && event.exit === null);
    for (const { state } of paths) {
      if (state.status !== 'active') continue;
      for (const look of looks) {
        const next = feed(state, look);
        const anew = feed(fresh(memoryOf(state)), look);
        // Only that a stop is for a new run is not known any more: it is done in the same way.
        const value = next.value === 'updating' && anew.value === 'stopping' ? 'stopping' : next.value;
        expect([value, memoryOf(next)]).toEqual([anew.value, memoryOf(anew)]);
      }
    }
  });

  it('any order and any repetition of looks ends where a fresh start would', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 12 }),
        fc.array(fc.nat(11), { maxLength: 24 }),
        anyEvent,
        (history, order, last) => {
          const shuffled = order.map((index) => history[index]).filter((event) => event !== undefined);
          const look = { ...last, exit: null, isRestartAsked: false };
          const lived = feed(fresh(), ...shuffled);
          const end = feed(lived, look);
          const anew = feed(fresh(memoryOf(lived)), look);
          const value = end.value === 'updating' ? 'stopping' : end.value;
          expect([value, memoryOf(end)]).toEqual([anew.value, memoryOf(anew)]);
        },
      ),
    );
  });

  it('asks for no start while the unit stops, starts, runs or is not wished, and for no stop of what is gone', () => {
    const kinds = (snapshot: ServerSnapshot, look: Observed): readonly string[] =>
      planActions({
        state: snapshot.value,
        position: look.unit,
        unit: undefined,
        plan: {} as UnitPlan,
        limits: [],
        isStartPending: false,
        isStopSent: false,
        hasEnvironmentFile: true,
      }).map(({ kind }) => kind);
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), anyEvent, (history, last) => {
        const look: Observed = { ...last, exit: isFree(last.unit) ? last.exit : null };
        const actions = kinds(feed(fresh(), ...history, look), look);
        if (!isFree(look.unit) || look.wish !== 'run' || look.isBlocked) expect(actions).not.toContain('start');
        if (isFree(look.unit) || look.unit === 'stopping') expect(actions).not.toContain('stop');
        expect(actions.includes('start') && actions.includes('stop')).toBe(false);
      }),
    );
  });

  it('a deleted server never comes back, and nothing else ends the chart', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), (history) => {
        expect(feed(fresh(), ...history).status).toBe('active');
        expect(feed(fresh(), ...history, { wish: 'gone', unit: 'absent' }).status).toBe('done');
      }),
    );
  });
});

describe('backoff', () => {
  it('is nothing for the first restart, then grows to its maximum and stays there', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 100].map((restart) => backoffMs(DEFAULT_BACKOFF, restart, 0) / 1000)).toEqual([
      0, 10, 20, 40, 80, 160, 300, 300, 300,
    ]);
    expect(CRASH_LOOP_RESTARTS).toBe(3);
  });

  it('never shrinks and never exceeds its maximum by more than a tenth', () => {
    const policy = fc
      .record({ initialMs: fc.integer({ min: 1, max: 60_000 }), factor: fc.integer({ min: 1, max: 100 }) })
      .map(({ initialMs, factor }) => ({ initialMs, maxMs: initialMs * factor, resetAfterMs: 1 }));
    fc.assert(
      fc.property(policy, fc.nat(2000), fc.double({ min: 0, max: 1, noNaN: true }), (limits, restart, jitter) => {
        const pause = backoffMs(limits, restart + 1, jitter);
        expect(pause).toBeGreaterThanOrEqual(backoffMs(limits, restart, jitter));
        expect(pause).toBeLessThanOrEqual(Math.round(limits.maxMs * 1.1));
        if (restart > 0) expect(pause).toBeGreaterThanOrEqual(limits.initialMs);
      }),
    );
  });

  it('of a server that fails again and again never shrinks until it is reset, and is reset by what is told to', () => {
    const policy = { restart: 'Always' as const, backoff: { initialMs: 1_000, maxMs: 60_000, resetAfterMs: 600_000 } };
    /** How long it was Ready before it failed, and what came then. */
    const run = fc.record({
      readyMs: fc.nat(1_200_000),
      exit: fc.constantFrom<ExitKind>('failed', 'clean', 'configuration', 'foreign'),
      isForgiven: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 12 }), (runs) => {
        let state = fresh();
        let nowMs = 0;
        let lastMs = 0;
        for (const { readyMs, exit, isForgiven } of runs) {
          if (isForgiven) state = feed(state, { type: 'FORGIVEN' });
          state = feed(state, { nowMs, unit: 'active', isReady: true, policy });
          nowMs += readyMs;
          if (isForgiven || readyMs >= policy.backoff.resetAfterMs) lastMs = 0;
          const before = state.context.restarts;
          state = feed(state, { nowMs, unit: 'failed', exit, policy });
          const pauseMs = (state.context.backoffUntilMs ?? nowMs) - nowMs;
          if (exit === 'foreign') {
            expect([pauseMs, state.context.restarts]).toEqual([UNEXPECTED_STOP_DELAY_MS, before]);
          } else if (exit === 'configuration') {
            expect(pauseMs).toBe(policy.backoff.maxMs);
          } else {
            expect(pauseMs).toBeGreaterThanOrEqual(lastMs);
            expect(pauseMs).toBeLessThanOrEqual(policy.backoff.maxMs);
            if (isForgiven) expect([pauseMs, state.context.restarts]).toEqual([0, 1]);
            lastMs = pauseMs;
          }
          // Not a moment before its end, at its end for certain.
          if (pauseMs > 0) expect(feed(state, { nowMs: nowMs + pauseMs - 1, policy }).value).toBe('backOff');
          expect(feed(state, { nowMs: nowMs + pauseMs, policy }).value).toBe('starting');
          nowMs += pauseMs;
        }
      }),
    );
  });
});
