/**
 * Probes of all running servers: one timer for the earliest that is due, a few checks at once.
 * When to try and what tries mean is machines/probe.machine.ts; making one is check.ts; this only brings them together.
 */
import { isDeepStrictEqual } from 'node:util';
import { transition } from 'xstate';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type ProbeEvent, probeMachine } from '../machines/probe.machine.ts';
import type { Check, CheckResult } from './check.ts';
import type { CommandCheck } from './command.ts';
import { type Followed, followTarget, type Tried, verdictOf, waitingTries } from './followed.ts';
import type { ListenerTable } from './listeners.ts';
import { type Look, lookAt } from './look.ts';
import { type ProcessOwner, readProcessOwner } from './processOwner.ts';
import type { KnownHealth, Probed, Prober } from './types.ts';

export interface ProberOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly check: Check;
  readonly checkCommand: CommandCheck;
  readonly listeners: ListenerTable;
  /** Absent: as /proc tells. */
  readonly processOwner?: ProcessOwner;
  /** Checks under way at once. */
  readonly concurrency?: number;
}

const CONCURRENCY = 32;
/** Commands apart: one that hangs for its whole timeout must not keep ports from being asked. */
const COMMANDS = 16;
/** Tries that fall due within this time are made together. */
const GAP_MS = 20;

const NOTHING_KNOWN: KnownHealth = { isReady: false, hasStarted: false };

/** A prober that follows nothing yet. */
export function createProber(options: ProberOptions): Prober {
  const {
    clock,
    log,
    check,
    checkCommand,
    listeners,
    processOwner = readProcessOwner,
    concurrency = CONCURRENCY,
  } = options;
  const followed = new Map<string, Followed>();
  const watchers = new Set<(server: string) => void>();
  const underWay = { ports: 0, commands: 0 };
  let pumpedAtMs = Number.NEGATIVE_INFINITY;
  let cancelTimer = (): void => undefined;

  const hasRoom = (one: Tried): boolean => {
    const kind = kindOf(one);
    return underWay[kind] < (kind === 'commands' ? COMMANDS : concurrency);
  };

  const tell = (server: string): void => {
    for (const watcher of watchers) {
      try {
        watcher(server);
      } catch (err) {
        log.error({ server, err }, 'listener of probe verdicts failed');
      }
    }
  };

  const tried = (
    server: string,
    entry: Followed,
    one: Tried,
    result: Exclude<Look, 'connect'>,
    startedAtMs: number,
  ): void => {
    const event: ProbeEvent = { type: 'TRIED', ...result, startedAtMs, nowMs: clock.monotonicMs() };
    const before = verdictOf(entry);
    [one.snapshot] = transition(probeMachine, one.snapshot, event);
    if (!isDeepStrictEqual(before, verdictOf(entry))) tell(server);
  };

  const make = async ({ probe, ...asked }: Probed, signal: AbortSignal): Promise<CheckResult> => {
    if ('command' in asked) return checkCommand(asked.command, probe.timeoutMs, signal);
    if (probe.check.kind === 'exec') throw new TypeError('a command has no port');
    return check(probe.check, { port: asked.port, timeoutMs: probe.timeoutMs }, signal);
  };

  const startCheck = async (server: string, one: Tried): Promise<void> => {
    const startedAtMs = clock.monotonicMs();
    const controller = new AbortController();
    one.check = controller;
    underWay[kindOf(one)] += 1;
    try {
      const result = await make(one.probed, controller.signal);
      one.check = undefined;
      const entry = followed.get(server);
      // An unfollowed server, an earlier invocation or an edited probe: nobody waits for this answer any more.
      if (entry?.tries.get(one.kind) === one) tried(server, entry, one, result, startedAtMs);
    } finally {
      underWay[kindOf(one)] -= 1;
      one.check = undefined;
      arm();
    }
  };

  /** Makes every try that is due, as far as there is room, and sets the timer for the next. */
  const pump = (): void => {
    cancelTimer();
    const nowMs = clock.monotonicMs();
    pumpedAtMs = nowMs;
    const due = [...followed]
      .flatMap(([server, entry]) => waitingTries(entry).map((one) => ({ server, entry, one })))
      .filter(({ one }) => dueAtMs(one) <= nowMs)
      .sort((a, b) => dueAtMs(a.one) - dueAtMs(b.one));
    for (const { server, entry, one } of due) {
      if (!hasRoom(one)) continue;
      // A listener may have unfollowed it meanwhile.
      if (followed.get(server) !== entry) continue;
      const { probed } = one;
      const look = 'command' in probed ? 'connect' : lookAt(probed.port, entry.target.owner, listeners, processOwner);
      if (look !== 'connect') tried(server, entry, one, look, nowMs);
      else startCheck(server, one).catch((err: unknown) => log.error({ server, err }, 'probe failed unexpectedly'));
    }
    arm();
  };

  const arm = (): void => {
    cancelTimer();
    // Where all places are taken the end of a check arms.
    const dues = [...followed.values()].flatMap(waitingTries).filter(hasRoom).map(dueAtMs);
    if (dues.length === 0) return;
    const earliestMs = dues.reduce((a, b) => Math.min(a, b));
    cancelTimer = clock.after(Math.max(0, Math.max(earliestMs, pumpedAtMs + GAP_MS) - clock.monotonicMs()), pump);
  };

  return {
    follow(server, target, health = NOTHING_KNOWN) {
      const present = followed.get(server);
      if (present !== undefined && isDeepStrictEqual(present.target, target)) return;
      const sameRun = present?.target.invocationId === target.invocationId ? present : undefined;
      const entry = followTarget(target, sameRun, health, clock.monotonicMs());
      const kept = new Set(entry.tries.values());
      for (const one of present?.tries.values() ?? []) if (!kept.has(one)) one.check?.abort();
      followed.set(server, entry);
      arm();
    },
    unfollow(server) {
      for (const one of followed.get(server)?.tries.values() ?? []) one.check?.abort();
      if (followed.delete(server)) arm();
    },
    verdict(server) {
      const entry = followed.get(server);
      return entry === undefined ? undefined : verdictOf(entry);
    },
    on(listener) {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
    stop() {
      for (const { tries } of followed.values()) for (const one of tries.values()) one.check?.abort();
      followed.clear();
      watchers.clear();
      cancelTimer();
    },
  };
}

/** Which places it takes. */
function kindOf({ probed }: Tried): 'ports' | 'commands' {
  return 'command' in probed ? 'commands' : 'ports';
}

function dueAtMs({ snapshot }: Tried): number {
  return snapshot.context.dueAtMs;
}
