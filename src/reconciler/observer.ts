import type { Server } from '../admission/types.ts';
import { isoTime } from '../clock.ts';
import type { InvocationRecord } from '../journal/types.ts';
import type { ExitKind } from '../machines/server.machine.ts';
import type { ServerSpec } from '../spec/types.ts';
import { exitMessage } from '../status/exitMessage.ts';
import type { LastExit } from '../status/types.ts';
import type { UnitState } from '../systemd/port.ts';
import type { ServerEntry } from './entry.ts';
import { classifyExit, type ExitEvidence, exitResult, type UnitEnd } from './exit.ts';
import { exitDetails } from './exitDetails.ts';
import { positionOf } from './plan.ts';

/** Whose unit it is. A unit that another instance, or a person, made under our name is never touched. */
export function isOurs(unit: UnitState, instanceId: string): boolean {
  return unit.marks !== null && unit.marks !== undefined && unit.marks.instance === instanceId;
}

/**
 * Whether the unit's properties must be read (one D-Bus call) before anything can be said of it: whose it is above all.
 *
 * A start of our own is known to be ours.
 */
export function needsReading(unit: UnitState | undefined, entry: ServerEntry): boolean {
  if (unit === undefined || !unit.loaded || unit.marks !== undefined) return false;
  const position = positionOf(unit);
  const isOwnStart = entry.startRequestedMs !== undefined && (position === 'starting' || position === 'active');
  return !isOwnStart && (position === 'active' || entry.startRequestedMs === undefined || unit.invocationId !== '');
}

/** Whether what is in force must be read (one D-Bus call): once for each run, and after its limits may have changed. */
export function needsLimits(unit: UnitState | undefined): unit is UnitState {
  return unit !== undefined && positionOf(unit) === 'active' && (unit.live === undefined || unit.controlGroup === '');
}

/**
 * Whether nothing has been read yet of a run that is up, and what it was started with answers for it: it was started by this
 * controller, and nobody has wished for anything else since.
 *
 * @param wished the spec of now
 */
export function isKnownUnread(unit: UnitState, entry: ServerEntry, wished: ServerSpec | undefined): boolean {
  const { isAdopted, invocation, startedSpec } = entry;
  const isOwn = !isAdopted && invocation?.id === unit.invocationId && startedSpec === wished;
  return isOwn && positionOf(unit) === 'active' && unit.marks === undefined && unit.controlGroup === '';
}

/**
 * Whether a change of the unit since the last look at it can lead to anything. A start brings half a dozen of them.
 *
 * Not: the steps of a start of our own before it is up or over, nor that its job is done once it is up.
 */
export function hasNews(unit: UnitState | undefined, entry: ServerEntry): boolean {
  const { seen, snapshot, startRequestedMs } = entry;
  if (unit === undefined || unit.stopRequestedBy !== undefined) return true;
  if (snapshot.value !== 'starting' && snapshot.value !== 'running' && snapshot.value !== 'ready') return true;
  if (startRequestedMs !== undefined && positionOf(unit) === 'starting') return snapshot.value !== 'starting';
  const { activeState, invocationId, mainPid } = unit;
  const isAsSeen = activeState === seen?.activeState && invocationId === seen.invocationId && mainPid === seen.mainPid;
  return positionOf(unit) !== 'active' || !isAsSeen;
}

/** A run that is up (or on its way) and that the entry doesn't know yet; undefined where there is none. */
export function newInvocation(unit: UnitState | undefined, entry: ServerEntry): string | undefined {
  const position = positionOf(unit);
  if (unit === undefined || (position !== 'active' && position !== 'starting')) return undefined;
  if (unit.invocationId === '' || unit.invocationId === entry.endedInvocationId) return undefined;
  return unit.invocationId === entry.invocation?.id ? undefined : unit.invocationId;
}

/**
 * An end that was not dealt with yet; undefined where there is none.
 *
 * Seen: the unit is failed, inactive or gone with the run's last state. Unseen: the run that was remembered is not there
 * any more. A start that left no run at all (its slice or a dependency failed) ends too, with an empty invocation id.
 */
export function unhandledEnd(unit: UnitState | undefined, entry: ServerEntry, nowMs: number): UnitEnd | undefined {
  const position = positionOf(unit);
  const isDown = position === 'absent' || position === 'failed';
  if (!isDown) return undefined;
  if (unit !== undefined && unit.invocationId !== '') {
    if (unit.invocationId === entry.endedInvocationId) return undefined;
    // Came and went unread while nothing of ours was there: somebody else's.
    if (unit.marks === undefined && entry.invocation === undefined && entry.startRequestedMs === undefined) {
      return undefined;
    }
    return { invocationId: unit.invocationId, unit, noticedAtMs: nowMs, evidence: undefined };
  }
  if (entry.invocation !== undefined) {
    return { invocationId: entry.invocation.id, unit: undefined, noticedAtMs: nowMs, evidence: undefined };
  }
  const isStartLost = entry.startRequestedMs !== undefined && unit !== undefined;
  return isStartLost ? { invocationId: '', unit, noticedAtMs: nowMs, evidence: undefined } : undefined;
}

/** What the journal's record of a run says about its end. `isOomCounted`: its cgroup counted a kill for memory too. */
export function evidenceOf(record: InvocationRecord, isOomCounted: boolean): ExitEvidence {
  return {
    journalResult: record.result,
    journalExit: record.exit,
    journalExitBefore: record.exitBefore,
    // Where the journal knows of the kill, it also knows whether the main process was the victim.
    isOomSeen: isOomCounted && !record.isOomSeen,
    lines: record.lines,
  };
}

/** The end as the statechart takes it, and as status tells it. */
export interface JudgedEnd {
  readonly kind: ExitKind;
  readonly lastExit: LastExit;
}

const NO_EVIDENCE: ExitEvidence = {
  journalResult: undefined,
  journalExit: undefined,
  journalExitBefore: undefined,
  isOomSeen: false,
  lines: [],
};
const EXIT_CODES = { 1: 'exited', 2: 'killed', 3: 'dumped' } as const;

/**
 * Judges an end by what systemd last said of it, or by the journal alone where nobody saw it. Where a command before the main one
 * failed the start, its end is the run's.
 *
 * @param server what was run; undefined where it is not known any more
 */
export function judgeEnd(end: UnitEnd, server: Server | undefined): JudgedEnd {
  const evidence = end.evidence ?? NO_EVIDENCE;
  const seen = end.unit ?? unseenUnit(evidence);
  const before = seen.execMainCode === 0 ? evidence.journalExitBefore : undefined;
  const unit = before === undefined ? seen : { ...seen, execMainCode: before.code, execMainStatus: before.status };
  const isStartLost = end.invocationId === '';
  const kind = isStartLost ? 'failed' : classifyExit(unit);
  const result = isStartLost ? 'dependency' : exitResult(unit, evidence);
  const code = EXIT_CODES[unit.execMainCode as keyof typeof EXIT_CODES] ?? 'none';
  const exit = { result, code, status: unit.execMainStatus };
  const words = exitMessage(exit, exitDetails(server, before !== undefined));
  const told = before === undefined ? words : `a command before it (preStart) failed: ${words}`;
  return {
    kind,
    lastExit: {
      ...exit,
      at: isoTime(end.noticedAtMs),
      message: kind === 'foreign' ? 'stopped by somebody other than hublet' : told,
      log: evidence.lines,
    },
  };
}

/** A unit's last state as the journal tells it. Nothing told: a clean end, as systemd logs every other kind. */
function unseenUnit(evidence: ExitEvidence): UnitState {
  return {
    name: '',
    loaded: false,
    loadState: 'not-found',
    activeState: 'inactive',
    subState: 'dead',
    hasJob: false,
    invocationId: '',
    mainPid: 0,
    controlGroup: '',
    result: evidence.journalResult ?? 'success',
    execMainCode: evidence.journalExit?.code ?? 0,
    execMainStatus: evidence.journalExit?.status ?? 0,
    activeSinceMs: undefined,
    stopRequestedBy: undefined,
    marks: undefined,
    live: undefined,
  };
}
