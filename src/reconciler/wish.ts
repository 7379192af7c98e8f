/** What is wished of a server and what it answers to, from its record and its present run. Pure. */

import type { UnitPosition, Wish } from '../machines/server.machine.ts';
import type { ProbeFailure, ProbeVerdict } from '../probes/types.ts';
import type { SpecRecord } from '../source/types.ts';
import { formatDuration } from '../spec/quantities.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { UnitState } from '../systemd/port.ts';
import type { ServerEntry } from './entry.ts';
import { positionOf } from './plan.ts';

/** The annotation that `hublet restart` sets: another value than the one a run was started with asks for a new run. */
export const RESTARTED_AT = 'hublet/restartedAt';

/** A unit of ours that no source knows is stopped after this time, not before: a source may be late, or its file on the move. */
export const ORPHAN_GRACE_MS = 60_000;

/** Whether no source has known of it for so long that none is just late. */
export function isOrphanCertain({ unknownSinceMs }: ServerEntry, nowMs: number): boolean {
  return unknownSinceMs !== undefined && nowMs - unknownSinceMs >= ORPHAN_GRACE_MS;
}

/** Whether no source knows it and there never was anything to run. */
export function isNothing(entry: ServerEntry, unit: UnitState | undefined): boolean {
  const { unknownSinceMs, generation, startRequestedMs } = entry;
  return unknownSinceMs !== undefined && generation === 0 && unit === undefined && startRequestedMs === undefined;
}

/**
 * What its owner wants now. A unit of ours without any record is an orphan: it runs on until `isCertain`.
 *
 * Nothing but a proven deletion, or a spec that says so, ever gives another wish than `run`.
 */
export function wishOf(record: SpecRecord | undefined, wallMs: number, isCertain: boolean): Wish {
  if (record === undefined) return isCertain ? 'gone' : 'run';
  if (record.isDeleted && !record.isFrozen) return 'gone';
  return isSuspended(record, wallMs) ? 'down' : 'run';
}

/**
 * The wish for one whose spec is gone: it is to run on where its spec said so and it runs, or is about to.
 *
 * A start that systemd has not shown yet is waited for. One whose stop is under way ends.
 */
export function partingWish(entry: ServerEntry, wish: Wish, unit: UnitState | undefined): Wish {
  if (wish !== 'gone' || entry.deletionPolicy !== 'Orphan') return wish;
  const position = positionOf(unit);
  const isStopSent = unit?.hasJob === true && unit.invocationId === entry.stopAskedOf;
  if ((position === 'active' || position === 'starting') && !isStopSent) return 'left';
  return position === 'absent' && entry.startRequestedMs !== undefined ? 'run' : 'gone';
}

/** The wish of its owner as the time leaves it: what is to rest now is to be down, what a doubtful clock says stops nothing. */
export function restingWish({ lifecycle }: Pick<ServerEntry, 'lifecycle'>, wish: Wish): Wish {
  if (wish === 'run' && lifecycle.rest !== undefined) return 'down';
  return wish === 'down' && lifecycle.isSuspensionDoubted && lifecycle.rest === undefined ? 'run' : wish;
}

export function isSuspended(record: SpecRecord, wallMs: number): boolean {
  const suspend = record.spec?.suspend;
  return suspend !== undefined && (suspend.untilMs === undefined || wallMs < suspend.untilMs);
}

/** Whether it can't be started now, whatever is wished. A frozen source creates nothing: only what ran in this boot is kept up. */
export function isBlocked(entry: ServerEntry, record: SpecRecord | undefined): boolean {
  const hasRunBefore = entry.endedInvocationId !== '' || entry.invocation !== undefined;
  return record?.spec === undefined || entry.admission.kind !== 'admitted' || (record.isFrozen && !hasRunBefore);
}

/**
 * A person asked for a new run, and the present one started before that.
 *
 * The beginning of the value that it answers for is no new wish: it is what is left of that one in a file that was cut off.
 */
export function isRestartAsked(entry: ServerEntry, record: SpecRecord | undefined): boolean {
  const asked = record?.spec?.annotations[RESTARTED_AT] ?? '';
  return entry.restartedAt?.startsWith(asked) === false;
}

/**
 * What its present run is judged by: the spec last admitted, or before any could be (its account is being looked up) the
 * one to be. Undefined: nothing is known of it, as of an orphan.
 */
export function judgedSpec(entry: ServerEntry, record: SpecRecord | undefined): ServerSpec | undefined {
  return entry.served?.server.spec ?? record?.spec;
}

/** Ready: active, and its startup and readiness probes, where it has them, succeeded for this very run. */
export function isReady(
  entry: ServerEntry,
  record: SpecRecord | undefined,
  unit: UnitState | undefined,
  verdict: ProbeVerdict | undefined,
): boolean {
  if (unit === undefined || positionOf(unit) !== 'active') return false;
  const spec = judgedSpec(entry, record);
  if (spec !== undefined && !isReadinessProbed(spec)) return true;
  // As long as it can't be probed it is what an earlier controller found.
  if (entry.served === undefined) return unit.invocationId === entry.foundReady;
  return verdict?.invocationId === unit.invocationId && verdict.isReady === true;
}

/** Where the unit is; a start of ours that systemd has not shown yet is on its way, not absent. */
export function observedPosition(entry: ServerEntry, unit: UnitState | undefined): UnitPosition {
  const position = positionOf(unit);
  return position === 'absent' && entry.startRequestedMs !== undefined ? 'starting' : position;
}

/** Whether it is wished and nothing of it runs or is on its way: what it starts with is still to be chosen. */
export function isDown(
  entry: ServerEntry,
  record: SpecRecord | undefined,
  unit: UnitState | undefined,
  wallMs: number,
): boolean {
  const position = observedPosition(entry, unit);
  return (
    (position === 'absent' || position === 'failed') && restingWish(entry, wishOf(record, wallMs, false)) === 'run'
  );
}

/** Whether more than being active makes it Ready. */
export function isReadinessProbed({ startupProbe, readinessProbe }: ServerSpec): boolean {
  return startupProbe !== undefined || readinessProbe !== undefined;
}

/**
 * Why its probes ask for an end of the present run; undefined: they don't.
 *
 * A decision once taken and asked of systemd stands, whatever the server answers while it stops. A start that takes longer
 * than its timeout has failed only where it was asked and did not answer: what could not be asked is no failure.
 */
export function condemnationOf(
  entry: ServerEntry,
  record: SpecRecord | undefined,
  unit: UnitState | undefined,
  verdict: ProbeVerdict | undefined,
  nowMs: number,
): ProbeFailure | undefined {
  if (unit === undefined || unit.invocationId === '' || positionOf(unit) !== 'active') return undefined;
  if (entry.stopFor !== undefined && entry.stopAskedOf === unit.invocationId) return entry.stopFor;
  // What could not be started again now runs on.
  if (isBlocked(entry, record) || verdict?.invocationId !== unit.invocationId) return undefined;
  if (verdict.failure !== undefined) return verdict.failure;
  const startTimeoutMs = judgedSpec(entry, record)?.startTimeoutMs ?? 0;
  if (verdict.startup !== 'failing' || nowMs - entry.startedMs < startTimeoutMs) return undefined;
  const message = `its startup probe did not succeed within ${formatDuration(startTimeoutMs)}: ${verdict.message}`;
  return { kind: 'startup', message };
}
