/** What is known of the probes of one run, and what that comes to. Pure: the tries are the prober's. */
import { isDeepStrictEqual } from 'node:util';
import { initialTransition, transition } from 'xstate';
import { healthOf, isOver, type ProbeSnapshot, type ProbeTimes, probeMachine } from '../machines/probe.machine.ts';
import { PROBE_KINDS, type ProbeKind } from '../spec/defaults.ts';
import type { KnownHealth, Probed, ProbeFailure, ProbeTarget, ProbeVerdict } from './types.ts';

/** One probe of a run. */
export interface Tried {
  readonly kind: ProbeKind;
  readonly probed: Probed;
  snapshot: ProbeSnapshot;
  /** The check under way; undefined: none. */
  check: AbortController | undefined;
}

/** The probes of a run. */
export interface Followed {
  readonly target: ProbeTarget;
  readonly tries: ReadonlyMap<ProbeKind, Tried>;
}

/**
 * The probes of `target`, of which those that `before` (the same run's) has too go on as they stand: an edited one keeps
 * what it found, counts anew and is due at once. A run that has started needs no startup probe that is written later.
 */
export function followTarget(
  target: ProbeTarget,
  before: Followed | undefined,
  known: KnownHealth,
  nowMs: number,
): Followed {
  const isStarted = before === undefined ? known.hasStarted : hasStarted(before);
  const isSameOwner = isDeepStrictEqual(before?.target.owner, target.owner);
  const tries = PROBE_KINDS.flatMap((kind): Tried[] => {
    const probed = target.probes[kind];
    if (probed === undefined) return [];
    const old = before?.tries.get(kind);
    if (old === undefined) {
      const isKnownGood = kind === 'startup' ? isStarted : known.isReady;
      const input = { kind, times: timesOf(probed), nowMs, isKnownGood };
      return [{ kind, probed, snapshot: initialTransition(probeMachine, input)[0], check: undefined }];
    }
    if (isSameOwner && isDeepStrictEqual(old.probed, probed)) return [old];
    const [snapshot] = transition(probeMachine, old.snapshot, { type: 'EDITED', times: timesOf(probed), nowMs });
    return [{ kind, probed, snapshot, check: undefined }];
  });
  return { target, tries: new Map(tries.map((one) => [one.kind, one])) };
}

/** Its probes that are to be asked, now or later, and are not being asked. Until it has started that is its startup probe alone. */
export function waitingTries(followed: Followed): readonly Tried[] {
  const isStarted = hasStarted(followed);
  return [...followed.tries.values()].filter(
    ({ kind, snapshot, check }) => check === undefined && !isOver(snapshot) && (kind === 'startup' || isStarted),
  );
}

/** What all its probes come to. */
export function verdictOf(followed: Followed): ProbeVerdict {
  const { invocationId } = followed.target;
  const startup = followed.tries.get('startup');
  const failure = failureOf(followed);
  const end = failure === undefined ? {} : { failure };
  if (startup !== undefined && !hasStarted(followed)) {
    const { message, isTaken, isFailing } = startup.snapshot.context;
    const isReady = isTaken || failure !== undefined ? false : undefined;
    const reason = isTaken ? 'PortTaken' : 'ProbeFailed';
    return { invocationId, isReady, reason, message, startup: isFailing ? 'failing' : 'waiting', ...end };
  }
  const readiness = followed.tries.get('readiness')?.snapshot;
  if (readiness === undefined) {
    const message = startup?.snapshot.context.message ?? '';
    return { invocationId, isReady: true, reason: 'ProbeSucceeded', message, ...end };
  }
  const isReady = healthOf(readiness);
  const { message, isTaken } = readiness.context;
  const reason = isReady === true ? 'ProbeSucceeded' : isTaken ? 'PortTaken' : 'ProbeFailed';
  return { invocationId, isReady, reason, message, ...end };
}

function hasStarted({ tries }: Followed): boolean {
  const startup = tries.get('startup');
  return startup === undefined || healthOf(startup.snapshot) === true;
}

function failureOf({ tries }: Followed): ProbeFailure | undefined {
  for (const kind of ['startup', 'liveness'] as const) {
    const snapshot = tries.get(kind)?.snapshot;
    if (snapshot === undefined || healthOf(snapshot) !== false) continue;
    const { failures, message } = snapshot.context;
    const times = failures === 1 ? 'once' : `${failures} times in a row`;
    return { kind, message: `its ${kind} probe failed ${times}: ${message}` };
  }
  return undefined;
}

function timesOf({ probe }: Probed): ProbeTimes {
  const { initialDelayMs, periodMs, successThreshold, failureThreshold } = probe;
  return { initialDelayMs, periodMs, successThreshold, failureThreshold };
}
