import { initialTransition } from 'xstate';
import type { KnownIdleness } from '../idle/types.ts';
import { type ServerInput, type ServerSnapshot, serverMachine } from '../machines/server.machine.ts';
import type { ProbeFailure } from '../probes/types.ts';
import type { DeletionPolicy, ServerSpec } from '../spec/types.ts';
import type { Condition, LastExit, ServerStatus } from '../status/types.ts';
import type { ServerMemory } from '../store/types.ts';
import type { UnitState } from '../systemd/port.ts';
import type { Admission } from './admitter.ts';
import type { UnitEnd } from './exit.ts';
import { type Held, type Lifecycle, NO_LIFECYCLE } from './lifecycle.ts';
import { NO_RIVALS, type Rivals } from './rivals.ts';
import { UP_TO_DATE, type Update } from './update.ts';

/** Where a server begins that nothing is remembered of. Snapshots are never changed, so all such servers have this one. */
const UNKNOWN_SERVER = initialTransition(serverMachine, {})[0];

/** One run of a unit, from the moment hublet knew of it. */
export interface Invocation {
  readonly id: string;
  readonly startedAtMs: number;
  /** Null until it was Ready for the first time. */
  readonly readyAtMs: number | null;
}

/** What the loop keeps of one server between two looks at it. Mutable, and touched by one reconcile at a time. */
export interface ServerEntry {
  readonly name: string;
  readonly unitName: string;
  /** Names its files, see units/name.ts. */
  readonly fileId: string;
  snapshot: ServerSnapshot;
  /** Generation last acted on; 0 before the first. */
  generation: number;
  admission: Admission;
  /** The last admission that succeeded: what a running server is measured by while its new spec is refused. */
  served: (Admission & { kind: 'admitted' }) | undefined;
  /** The present run; undefined while it is down. */
  invocation: Invocation | undefined;
  /** The last run whose end was dealt with; the same end is never counted twice. */
  endedInvocationId: string;
  /** The run that we sent a stop for; empty: none. */
  stopAskedOf: string;
  /** What that stop is for, where it is the run's probes: its end counts as a failure then; undefined: anything else. */
  stopFor: ProbeFailure | undefined;
  /** The run that somebody began by starting the unit again himself; empty: none. */
  begunByOthers: string;
  /** The run whose startup probe succeeded, or that had none; empty: none. */
  startedUpOf: string;
  /** The run that an earlier controller last found Ready; empty: none. */
  readonly foundReady: string;
  /** An end that is being looked into, or waits for the next step. */
  end: UnitEnd | undefined;
  /** Monotonic time of our last StartTransientUnit that no run has answered yet. */
  startRequestedMs: number | undefined;
  /** Monotonic time the present run was asked for, or was found, over restarts of the controller. */
  startedMs: number;
  /** Monotonic time from which the age of the present run counts, over restarts of the controller. */
  ageFromMs: number;
  /** It was stopped for what it did and stays down until something frees it; undefined: it wasn't. */
  held: Held | undefined;
  /** Monotonic time of the warning that its present idleness ends in a stop; undefined: none was given. */
  idleWarnedMs: number | undefined;
  /** Idleness of its run as an earlier controller measured it, until this one has; undefined: none. */
  readonly idleBefore: KnownIdleness | undefined;
  /** Whether its window was open when that was last told of; undefined: it had none. */
  isWindowOpen: boolean | undefined;
  /** What the time makes of it, as of the last look. */
  lifecycle: Lifecycle;
  /** The restart annotation that the present run answers for; undefined: not known, as for a unit found running. */
  restartedAt: string | undefined;
  /** What of its file, its profile and its pool the present run was started with, see startedWith.ts; undefined: not known. */
  startedWith: string | undefined;
  /** The spec that this controller last started it with; undefined: it hasn't yet. Another object is another wish. */
  startedSpec: ServerSpec | undefined;
  /** Where a run was found that systemd was not asked about yet; undefined: nowhere, or it has not been looked for. */
  foundGroup: { readonly invocationId: string; readonly controlGroup: string } | undefined;
  /** What becomes of it when its file goes, as its spec last said. */
  deletionPolicy: DeletionPolicy;
  /** What a change that only a new start can bring comes to, as of the last look. */
  update: Update;
  lastExit: LastExit | null;
  /** Starts that followed an end nobody asked for, within this boot. */
  restartsTotal: number;
  /** The next start is one of those. */
  isRestartDue: boolean;
  /** Kills for memory that only the journal told of: the cgroup was gone before its counter could be read. */
  journalOomKills: number;
  /** Kills already told of by an event. */
  reportedOomKills: number;
  /** Limits that could not be lowered yet; the message of Resized=False. */
  resizeDeferred: string | undefined;
  /** Limits of the spec that the present run was last seen to have, as text; empty: none yet. What differs from these drifted. */
  limitsInForce: string;
  /** Who else sets limits of it, as of the last look. */
  rivals: Rivals;
  /** What keeps it from being done, of the last step; cleared by success. */
  fault: string | undefined;
  /** Last refusal of its file, or denial of what it asks for, that an event told of. */
  refusal: string | undefined;
  /** Its present document was last denied: a profile, a policy or an account is at fault. */
  isDenied: boolean;
  /** The spec last looked at; undefined: none yet. Another object is another wish. */
  spec: ServerSpec | undefined;
  /** Last note of an admission that an event told of. */
  note: string | undefined;
  hasEnvironmentFile: boolean;
  /** Monotonic time since when no source knows it; undefined while one does. */
  unknownSinceMs: number | undefined;
  /** The present run began before this controller did: what its cgroup counted so far was told by an earlier one. */
  isAdopted: boolean;
  conditions: readonly Condition[];
  /** The unit as the last look saw it. */
  seen: UnitState | undefined;
}

/**
 * A server that was not looked at before, with what an earlier controller of this boot remembered and told of it.
 */
export function createEntry(
  name: string,
  unit: { readonly name: string; readonly fileId: string },
  memory: ServerMemory | undefined,
  told: ServerStatus['status'] | undefined,
  nowMs: number,
): ServerEntry {
  const isToldReady = told?.conditions.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  return {
    name,
    unitName: unit.name,
    fileId: unit.fileId,
    snapshot: memory === undefined ? UNKNOWN_SERVER : initialTransition(serverMachine, inputOf(memory))[0],
    generation: memory?.generation ?? 0,
    admission: { kind: 'waiting', message: 'not looked at yet' },
    served: undefined,
    invocation:
      memory === undefined || memory.invocationId === ''
        ? undefined
        : { id: memory.invocationId, startedAtMs: memory.startedAtMs, readyAtMs: memory.readyAtMs },
    endedInvocationId: memory?.endedInvocationId ?? '',
    stopAskedOf: memory?.stopAskedOf ?? '',
    stopFor: memory?.stopFor ?? undefined,
    begunByOthers: '',
    startedUpOf: memory?.startedUpOf ?? '',
    foundReady: isToldReady ? (told.invocationId ?? '') : '',
    end: undefined,
    startRequestedMs: undefined,
    startedMs: memory?.ageFromMs ?? nowMs,
    ageFromMs: memory?.ageFromMs ?? nowMs,
    held: memory?.held ?? undefined,
    idleWarnedMs: undefined,
    idleBefore: memory?.idle ?? undefined,
    isWindowOpen: memory?.isWindowOpen ?? undefined,
    lifecycle: NO_LIFECYCLE,
    restartedAt: memory?.restartedAt ?? undefined,
    startedWith: memory?.startedWith ?? undefined,
    startedSpec: undefined,
    foundGroup: undefined,
    update: UP_TO_DATE,
    deletionPolicy: memory?.deletionPolicy ?? 'Stop',
    lastExit: memory?.lastExit ?? null,
    restartsTotal: memory?.restartsTotal ?? 0,
    isRestartDue: false,
    journalOomKills: 0,
    reportedOomKills: 0,
    resizeDeferred: undefined,
    limitsInForce: memory?.limitsInForce ?? '',
    rivals: NO_RIVALS,
    fault: undefined,
    refusal: undefined,
    isDenied: false,
    spec: undefined,
    note: undefined,
    hasEnvironmentFile: memory !== undefined && memory.invocationId !== '',
    unknownSinceMs: undefined,
    isAdopted: true,
    conditions: told?.conditions ?? [],
    seen: undefined,
  };
}

/** What is to be remembered of it within this boot. */
export function memoryOf(entry: ServerEntry, bootId: string): ServerMemory {
  const { restarts, backoffUntilMs, backoffReason, ended } = entry.snapshot.context;
  return {
    name: entry.name,
    bootId,
    invocationId: entry.invocation?.id ?? '',
    endedInvocationId: entry.endedInvocationId,
    stopAskedOf: entry.stopAskedOf,
    stopFor: entry.stopFor ?? null,
    startedUpOf: entry.startedUpOf,
    startedAtMs: entry.invocation?.startedAtMs ?? 0,
    readyAtMs: entry.invocation?.readyAtMs ?? null,
    ageFromMs: entry.invocation === undefined ? null : entry.ageFromMs,
    held: entry.held ?? null,
    idle: idlenessOf(entry),
    isWindowOpen: entry.isWindowOpen ?? null,
    restarts,
    restartsTotal: entry.restartsTotal,
    backoff:
      backoffUntilMs === null || backoffReason === null ? null : { untilMs: backoffUntilMs, reason: backoffReason },
    restartedAt: entry.restartedAt ?? null,
    startedWith: entry.startedWith ?? null,
    deletionPolicy: entry.deletionPolicy,
    limitsInForce: entry.limitsInForce,
    generation: entry.generation,
    ended,
    lastExit: entry.lastExit,
  };
}

function inputOf({ restarts, ended, backoff }: ServerMemory): ServerInput {
  return { restarts, ended, backoffReason: backoff?.reason ?? null, backoffUntilMs: backoff?.untilMs ?? null };
}

/** To the minute, so that the memory is not written at every measuring. */
const MEASURED_TO_MS = 60_000;

function idlenessOf({ lifecycle, idleBefore, invocation }: ServerEntry): KnownIdleness | null {
  const { idle } = lifecycle;
  if (idle === undefined) return idleBefore?.invocationId === invocation?.id ? (idleBefore ?? null) : null;
  if (idle.kind !== 'idle' || idle.sinceWallMs === undefined) return null;
  return {
    invocationId: idle.invocationId,
    sinceMs: Math.round(idle.measuredMs - idle.idleMs),
    sinceWallMs: idle.sinceWallMs,
    lastActivityMs: idle.lastActivityMs,
    measuredMs: Math.floor(idle.measuredMs / MEASURED_TO_MS) * MEASURED_TO_MS,
  };
}
