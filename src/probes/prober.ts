/**
 * Readiness probes of all running servers: one timer for the earliest that is due, a few checks at once.
 * When to try and what tries mean is machines/probe.machine.ts; making one is check.ts; this only brings them together.
 */
import { isDeepStrictEqual } from 'node:util';
import { initialTransition, transition } from 'xstate';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import {
  type ProbeOutcome,
  type ProbeSnapshot,
  type ProbeTimes,
  probeMachine,
  readinessOf,
} from '../machines/probe.machine.ts';
import type { Check } from './check.ts';
import type { ListenerTable } from './listeners.ts';
import { type ProcessOwner, readProcessOwner } from './processOwner.ts';
import { ownerOf } from './socketOwner.ts';
import type { Prober, ProbeTarget, ProbeVerdict } from './types.ts';

export interface ProberOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly check: Check;
  readonly listeners: ListenerTable;
  /** Absent: as /proc tells. */
  readonly processOwner?: ProcessOwner;
  /** Checks under way at once. */
  readonly concurrency?: number;
}

const CONCURRENCY = 32;
/** Tries that fall due within this time are made together. */
const GAP_MS = 20;

interface Followed {
  readonly target: ProbeTarget;
  snapshot: ProbeSnapshot;
  /** The check under way; undefined: none. */
  check: AbortController | undefined;
}

/** What looking at the port told, before any connection. `connect`: the server's own account listens. */
type Look = 'connect' | { readonly outcome: ProbeOutcome; readonly message: string };

/** A prober that follows nothing yet. */
export function createProber(options: ProberOptions): Prober {
  const { clock, log, check, listeners, processOwner = readProcessOwner, concurrency = CONCURRENCY } = options;
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

  const send = (
    server: string,
    entry: Followed,
    event: Parameters<typeof transition<typeof probeMachine>>[2],
  ): void => {
    const before = verdictOf(entry);
    [entry.snapshot] = transition(probeMachine, entry.snapshot, event);
    if (!isDeepStrictEqual(before, verdictOf(entry))) tell(server);
  };

  const tried = (server: string, entry: Followed, result: Exclude<Look, 'connect'>, startedAtMs: number): void =>
    send(server, entry, { type: 'TRIED', ...result, startedAtMs, nowMs: clock.monotonicMs() });

  const startCheck = async (server: string, entry: Followed): Promise<void> => {
    const startedAtMs = clock.monotonicMs();
    const { probe, port } = entry.target;
    const controller = new AbortController();
    entry.check = controller;
    underWay += 1;
    try {
      const result = await check(probe.check, { port, timeoutMs: probe.timeoutMs }, controller.signal);
      // An unfollowed server, or an earlier invocation: nobody waits for this answer any more.
      if (!controller.signal.aborted) tried(server, entry, result, startedAtMs);
    } finally {
      underWay -= 1;
      entry.check = undefined;
      arm();
    }
  };

  /** Makes every try that is due, as far as there is room, and sets the timer for the next. */
  const pump = (): void => {
    cancelTimer();
    const nowMs = clock.monotonicMs();
    pumpedAtMs = nowMs;
    const idle = [...followed].filter(([, entry]) => entry.check === undefined);
    const due = idle.filter(([, entry]) => dueAtMs(entry) <= nowMs).sort(([, a], [, b]) => dueAtMs(a) - dueAtMs(b));
    for (const [server, entry] of due) {
      if (underWay >= concurrency) break;
      // A listener may have unfollowed it meanwhile.
      if (followed.get(server) !== entry) continue;
      const look = lookAt(entry.target, listeners, processOwner);
      if (look !== 'connect') tried(server, entry, look, nowMs);
      else startCheck(server, entry).catch((err: unknown) => log.error({ server, err }, 'probe failed unexpectedly'));
    }
    arm();
  };

  const arm = (): void => {
    cancelTimer();
    // With all places taken the end of a check arms.
    if (underWay >= concurrency) return;
    const dues = [...followed.values()].filter((entry) => entry.check === undefined).map(dueAtMs);
    if (dues.length === 0) return;
    const earliestMs = dues.reduce((a, b) => Math.min(a, b));
    cancelTimer = clock.after(Math.max(0, Math.max(earliestMs, pumpedAtMs + GAP_MS) - clock.monotonicMs()), pump);
  };

  return {
    follow(server, target, isKnownReady = false) {
      const known = followed.get(server);
      if (known !== undefined && isDeepStrictEqual(known.target, target)) return;
      known?.check?.abort();
      const nowMs = clock.monotonicMs();
      const entry: Followed = { target, snapshot: newSnapshot(target, nowMs, isKnownReady), check: undefined };
      followed.set(server, entry);
      if (known?.target.invocationId === target.invocationId) {
        entry.snapshot = known.snapshot;
        send(server, entry, { type: 'EDITED', times: timesOf(target), nowMs });
      }
      arm();
    },
    unfollow(server) {
      followed.get(server)?.check?.abort();
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
      for (const entry of followed.values()) entry.check?.abort();
      followed.clear();
      watchers.clear();
      cancelTimer();
    },
  };
}

function newSnapshot(target: ProbeTarget, nowMs: number, isKnownReady: boolean): ProbeSnapshot {
  return initialTransition(probeMachine, { times: timesOf(target), nowMs, isKnownReady })[0];
}

function timesOf({ probe }: ProbeTarget): ProbeTimes {
  const { initialDelayMs, periodMs, successThreshold, failureThreshold } = probe;
  return { initialDelayMs, periodMs, successThreshold, failureThreshold };
}

function dueAtMs({ snapshot }: Followed): number {
  return snapshot.context.dueAtMs;
}

function verdictOf({ target, snapshot }: Followed): ProbeVerdict {
  const isReady = readinessOf(snapshot);
  const { message, isTaken } = snapshot.context;
  const reason = isReady === true ? 'ProbeSucceeded' : isTaken ? 'PortTaken' : 'ProbeFailed';
  return { invocationId: target.invocationId, isReady, reason, message };
}

/** A look costs a thousandth of a connection, and tells apart a server that is late from another account's socket. */
function lookAt({ port, owner: wanted }: ProbeTarget, listeners: ListenerTable, processOwner: ProcessOwner): Look {
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
