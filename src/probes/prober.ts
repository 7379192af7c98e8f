/**
 * Probes of all running servers: one timer for the earliest that is due, a few checks at once.
 * When to try and what tries mean is machines/probe.machine.ts; making one is check.ts; this only brings them together.
 */
import { isDeepStrictEqual } from 'node:util';
import { transition } from 'xstate';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type ProbeEvent, type ProbeOutcome, probeMachine } from '../machines/probe.machine.ts';
import type { Check, CheckResult } from './check.ts';
import type { CommandCheck } from './command.ts';
import { type Followed, followTarget, type Tried, verdictOf, waitingTries } from './followed.ts';
import type { ListenerTable } from './listeners.ts';
import { type ProcessOwner, readProcessOwner } from './processOwner.ts';
import { ownerOf } from './socketOwner.ts';
import type { KnownHealth, Probed, Prober, ProbeTarget } from './types.ts';

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
/** Tries that fall due within this time are made together. */
const GAP_MS = 20;

const NOTHING_KNOWN: KnownHealth = { isReady: false, hasStarted: false };

/** What looking at the port told, before any connection. `connect`: the server's own account listens. */
type Look = 'connect' | { readonly outcome: ProbeOutcome; readonly message: string };

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
  let underWay = 0;
  let pumpedAtMs = Number.NEGATIVE_INFINITY;
  let cancelTimer = (): void => undefined;

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
    underWay += 1;
    try {
      const result = await make(one.probed, controller.signal);
      one.check = undefined;
      const entry = followed.get(server);
      // An unfollowed server, an earlier invocation or an edited probe: nobody waits for this answer any more.
      if (entry?.tries.get(one.kind) === one) tried(server, entry, one, result, startedAtMs);
    } finally {
      underWay -= 1;
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
      if (underWay >= concurrency) break;
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
    // With all places taken the end of a check arms.
    if (underWay >= concurrency) return;
    const dues = [...followed.values()].flatMap(waitingTries).map(dueAtMs);
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

function dueAtMs({ snapshot }: Tried): number {
  return snapshot.context.dueAtMs;
}

/** A look costs a thousandth of a connection, and tells apart a server that is late from another account's socket. */
function lookAt(
  port: number,
  wanted: ProbeTarget['owner'],
  listeners: ListenerTable,
  processOwner: ProcessOwner,
): Look {
  let owner: ReturnType<typeof ownerOf>;
  let uid: number | undefined;
  try {
    uid = wanted.kind === 'account' ? wanted.uid : ownerOfMain(wanted.pid, processOwner);
    owner = ownerOf(listeners().get(port) ?? []);
  } catch (err) {
    const what = err instanceof Error ? err.message : String(err);
    return { outcome: 'notMade', message: `the probe could not be made: ${what}` };
  }
  switch (owner.kind) {
    case 'nobody':
      return { outcome: 'absent', message: `nothing listens on 127.0.0.1:${port}` };
    case 'account':
      if (uid === undefined) return { outcome: 'notMade', message: 'the main process is not there to be asked about' };
      if (owner.uid === uid) return 'connect';
      return {
        outcome: 'taken',
        message: `port ${port} is held by uid ${owner.uid}, not by the server's account (uid ${uid})`,
      };
    case 'several':
      return { outcome: 'taken', message: `port ${port} is shared by the uids ${owner.uids.join(', ')}` };
  }
}

/** Pid 0 is what systemd tells where there is no main process, and would be this process's own group elsewhere. */
function ownerOfMain(pid: number, processOwner: ProcessOwner): number | undefined {
  return pid === 0 ? undefined : processOwner(pid);
}
