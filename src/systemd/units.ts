import type { UnitState } from './port.ts';
import type { ServiceFacts, UnitFacts } from './signals.ts';

/**
 * What is known of one unit and how each piece of news changes it. Pure.
 *
 * Signals are snapshots of levels: each may come late, doubled or coalesced, and the last one is right.
 */
export interface UnitRecord {
  readonly state: UnitState;
  readonly job: UnitJob | undefined;
  /** We asked for a stop, and nothing yet shows that it won't happen. */
  readonly isStopOurs: boolean;
  /** Signals may have been missed: nothing but the name is sure until it has been read. */
  readonly isStale: boolean;
}

interface UnitJob {
  readonly id: number;
  /** A job that came while the unit was up: if the unit then goes down, the job is why. D-Bus doesn't signal a job's type. */
  readonly mayStop: boolean;
}

/** One row of ListUnitsByPatterns. */
export interface UnitRow {
  readonly name: string;
  readonly loadState: string;
  readonly activeState: UnitState['activeState'];
  readonly subState: string;
  /** 0: none. */
  readonly job: number;
  readonly jobType: string;
}

/** Facts that a GetAll of the Service interface adds to what is signalled. */
export interface ReadFacts {
  readonly controlGroup: string;
  readonly marks: UnitState['marks'];
  readonly live: UnitState['live'];
}

/** True once systemd unloaded it, or it is down with no job that would change that. An inactive unit with a job is about to start. */
export function hasEnded(state: UnitState): boolean {
  return !state.loaded || ((state.activeState === 'inactive' || state.activeState === 'failed') && !state.hasJob);
}

/** A unit of which nothing but the name is known. */
export function newRecord(name: string): UnitRecord {
  const state: UnitState = {
    name,
    loaded: true,
    loadState: 'loaded',
    activeState: 'inactive',
    subState: 'dead',
    hasJob: false,
    invocationId: '',
    mainPid: 0,
    controlGroup: '',
    result: 'success',
    execMainCode: 0,
    execMainStatus: 0,
    activeSinceMs: undefined,
    stopRequestedBy: undefined,
    marks: undefined,
    live: undefined,
  };
  return { state, job: undefined, isStopOurs: false, isStale: false };
}

/**
 * A Unit signal, or a GetAll of the Unit interface.
 *
 * @param service what the Service signal before it said: only this one tells which invocation both are about
 */
export function onUnitChanged(previous: UnitRecord, facts: UnitFacts, service?: ServiceFacts): UnitRecord {
  const isNew = beginsAnew(previous, facts.invocationId);
  const record = isNew ? reborn(previous) : previous;
  const { state } = record;
  const jobId = facts.job ?? record.job?.id ?? 0;
  // A job that was not announced is one that was already there: a stop, if the unit was fully up, or the one we asked for.
  const mayStop = isRunning(state) || (isUp(state) && record.isStopOurs);
  const job = jobId === 0 ? undefined : record.job?.id === jobId ? record.job : { id: jobId, mayStop };
  const activeState = facts.activeState ?? state.activeState;
  // systemd coalesces: the first that is heard of an invocation may already be the end that we asked for.
  const isStopped = isUp(state) ? job?.mayStop === true : isNew && record.isStopOurs;
  return {
    ...record,
    job,
    state: {
      ...state,
      ...service,
      loaded: true,
      loadState: facts.loadState ?? state.loadState,
      activeState,
      subState: facts.subState ?? state.subState,
      hasJob: jobId !== 0,
      invocationId: facts.invocationId ?? state.invocationId,
      activeSinceMs: 'activeSinceMs' in facts ? facts.activeSinceMs : state.activeSinceMs,
      stopRequestedBy: state.stopRequestedBy ?? (isStopped && isGoingDown(activeState) ? stopper(record) : undefined),
    },
  };
}

/** A job was queued. One for a unit that is down or gone is its next start. */
export function onJobNew(previous: UnitRecord, id: number): UnitRecord {
  const record = previous.state.loaded ? previous : reborn(previous);
  if (record.job?.id === id) return record;
  return { ...record, job: { id, mayStop: isUp(record.state) }, state: { ...record.state, hasJob: true } };
}

/** A job is over, one way or another. */
export function onJobRemoved(record: UnitRecord, id: number, result: string): UnitRecord {
  if (record.job !== undefined && record.job.id !== id) return record;
  const isStopUndone = record.job?.mayStop === true && result !== 'done';
  return {
    ...record,
    job: undefined,
    isStopOurs: record.isStopOurs && !isStopUndone,
    state: { ...record.state, hasJob: false },
  };
}

/** systemd unloaded it. What was last known stays, for whoever has to deal with its end. */
export function onGone(record: UnitRecord): UnitRecord {
  const { state } = record;
  if (!state.loaded) return record;
  // Also one that was stopped before its start job ran, and so was never up.
  const isStopped = record.isStopOurs && (isUp(state) || state.invocationId === '');
  const stopRequestedBy = state.stopRequestedBy ?? (isStopped ? 'hublet' : undefined);
  return {
    ...record,
    job: undefined,
    isStale: false,
    state: { ...state, loaded: false, hasJob: false, mainPid: 0, stopRequestedBy },
  };
}

/** A row of a listing, which is newer than every signal that came before it. It names no invocation. */
export function onListed(previous: UnitRecord | undefined, row: UnitRow): UnitRecord {
  const isKnown = previous?.state.loaded === true;
  const record = previous === undefined ? newRecord(row.name) : isKnown ? previous : reborn(previous);
  const { state } = record;
  const isSame = state.activeState === row.activeState && state.subState === row.subState;
  if (isKnown && isSame && state.loadState === row.loadState && (record.job?.id ?? 0) === row.job) return record;
  const job = row.job === 0 ? undefined : { id: row.job, mayStop: row.jobType === 'stop' || row.jobType === 'restart' };
  const isBeingStopped = isGoingDown(row.activeState) && (job?.mayStop === true || (isUp(state) && record.isStopOurs));
  return {
    ...record,
    job,
    isStale: record.isStale || !isKnown || !isSame,
    state: {
      ...state,
      loadState: row.loadState,
      activeState: row.activeState,
      subState: row.subState,
      hasJob: row.job !== 0,
      stopRequestedBy: state.stopRequestedBy ?? (isBeingStopped ? stopper(record) : undefined),
      // How a run ended, only a reading tells: until then nothing is to be concluded from what was known of it.
      marks: isSame ? state.marks : undefined,
    },
  };
}

/** A GetAll of the Service interface. */
export function onRead(record: UnitRecord, service: ServiceFacts, facts: ReadFacts): UnitRecord {
  return { ...record, isStale: false, state: { ...record.state, ...service, ...facts } };
}

function beginsAnew({ state }: UnitRecord, invocationId: string | undefined): boolean {
  if (invocationId === undefined) return !state.loaded;
  return invocationId !== state.invocationId || (!state.loaded && invocationId === '');
}

/** Forgets all that belonged to the last invocation; the job that starts the next one, and a stop asked for before its first sign, stay. */
function reborn(record: UnitRecord): UnitRecord {
  const fresh = newRecord(record.state.name);
  const { job, state, isStale, isStopOurs } = record;
  const isFirst = state.loaded && state.invocationId === '';
  return {
    state: {
      ...fresh.state,
      loadState: state.loaded ? state.loadState : 'loaded',
      hasJob: job !== undefined,
      stopRequestedBy: isFirst ? state.stopRequestedBy : undefined,
    },
    job: job === undefined ? undefined : { ...job, mayStop: job.mayStop && isFirst },
    isStopOurs: isStopOurs && isFirst,
    isStale,
  };
}

function stopper(record: UnitRecord): 'hublet' | 'other' {
  return record.isStopOurs ? 'hublet' : 'other';
}

function isRunning(state: UnitState): boolean {
  return state.activeState === 'active' || state.activeState === 'reloading' || state.activeState === 'refreshing';
}

function isUp(state: UnitState): boolean {
  return state.loaded && (isRunning(state) || state.activeState === 'activating');
}

function isGoingDown(activeState: UnitState['activeState']): boolean {
  return activeState === 'deactivating' || activeState === 'inactive' || activeState === 'failed';
}
