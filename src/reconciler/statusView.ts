import type { Server } from '../admission/types.ts';
import { isoTime } from '../clock.ts';
import type { ServerState } from '../machines/server.machine.ts';
import { setCondition } from '../status/conditions.ts';
import type { Condition, Phase, ServerStatus } from '../status/types.ts';
import type { UnitState } from '../systemd/port.ts';
import { appliedLimits } from '../units/diff.ts';
import { deriveConditions } from './conditions.ts';
import type { ServerEntry } from './entry.ts';
import { poolOf } from './poolMembers.ts';
import { BUS_GRACE_MS, type ServerView } from './view.ts';
import { isSuspended } from './wish.ts';

const PHASE_OF: Readonly<Record<ServerState, Phase>> = {
  pending: 'Pending',
  starting: 'Starting',
  running: 'Running',
  ready: 'Ready',
  updating: 'Updating',
  stopping: 'Stopping',
  stopped: 'Stopped',
  ended: 'Stopped',
  backOff: 'BackOff',
  failed: 'Failed',
  deleting: 'Deleting',
  deleted: 'Deleting',
  left: 'Deleting',
};

/** The contract's word for where a server is. A bus that is away for longer than its grace makes it Unknown. */
export function phaseOf(view: Pick<ServerView, 'entry' | 'busLostMs'>): Phase {
  if (view.busLostMs > BUS_GRACE_MS) return 'Unknown';
  // Its run is over, and what that comes to is still being found out.
  if (view.entry.end !== undefined) return 'Stopping';
  return PHASE_OF[view.entry.snapshot.value];
}

/** The conditions of this moment, with transition times kept where the status did not flip. */
export function conditionsOf(view: ServerView): readonly Condition[] {
  const observedGeneration = view.entry.generation;
  const now = isoTime(view.wallMs);
  return deriveConditions(view).map((state) =>
    setCondition(view.entry.conditions, { ...state, observedGeneration }, now),
  );
}

/** The status file of one server. Nothing of its environment, credentials or arguments goes into it. */
export function serverStatus(view: ServerView, conditions: readonly Condition[]): ServerStatus {
  const { entry, record, unit, position } = view;
  const server = entry.admission.kind === 'admitted' ? entry.admission.server : undefined;
  const isUp = position === 'active' || position === 'starting' || position === 'stopping';
  const startedAtMs = isUp ? (unit?.activeSinceMs ?? entry.invocation?.startedAtMs) : undefined;
  const readyAtMs = isUp ? entry.invocation?.readyAtMs : undefined;
  return {
    apiVersion: 'hublet/v1',
    kind: 'ServerStatus',
    metadata: {
      name: entry.name,
      generation: record?.generation ?? entry.generation,
      source: record?.file ?? null,
      labels: record?.spec?.labels ?? {},
    },
    status: {
      observedGeneration: entry.generation,
      phase: phaseOf(view),
      user: server?.account.name ?? null,
      pool: poolOf(entry, unit) ?? null,
      unit: entry.unitName,
      controlGroup: isUp && unit !== undefined ? controlGroupOf(entry, unit) : null,
      invocationId: isUp && unit !== undefined && unit.invocationId !== '' ? unit.invocationId : null,
      mainPid: isUp && unit !== undefined && unit.mainPid !== 0 ? unit.mainPid : null,
      address: server === undefined ? null : addressOf(server),
      restarts: entry.restartsTotal,
      startedAt: startedAtMs === undefined ? null : isoTime(startedAtMs),
      readyAt: readyAtMs === undefined || readyAtMs === null ? null : isoTime(readyAtMs),
      nextTransition: nextTransition(view),
      lastExit: entry.lastExit,
      applied: isUp && unit?.live !== undefined ? appliedLimits(unit.live) : {},
      conditions,
    },
  };
}

/** As systemd says; until it was asked, where the run was found. */
function controlGroupOf({ foundGroup }: ServerEntry, { controlGroup, invocationId }: UnitState): string | null {
  if (controlGroup !== '') return controlGroup;
  return foundGroup?.invocationId === invocationId ? foundGroup.controlGroup : null;
}

type NextTransition = ServerStatus['status']['nextTransition'];

/** What the next transition depends on. */
export type TransitionView = Pick<ServerView, 'entry' | 'record' | 'wallMs' | 'monotonicMs'>;

function addressOf(server: Server): ServerStatus['status']['address'] {
  if (server.port === undefined) return null;
  const check = server.spec.readinessProbe?.check;
  const address = { host: '127.0.0.1', port: server.port };
  // Only an http probe proves that what listens there speaks HTTP.
  return check?.kind === 'http' ? { ...address, url: `${check.scheme}://127.0.0.1:${server.port}/` } : address;
}

/** When a window wakes a server that rests. */
function nextStart({ entry: { lifecycle, held }, record, wallMs }: TransitionView): NextTransition {
  if (record === undefined || isSuspended(record, wallMs)) return null;
  const { window, rest } = lifecycle;
  const opensAtMs = rest === 'closed' ? (window?.isChange ? window.holdsUntilMs : undefined) : held?.untilMs;
  return opensAtMs == null ? null : { phase: 'Starting', at: isoTime(opensAtMs), reason: 'WindowOpened' };
}

/** When the time stops a server that runs: its window closes, or it is too old. */
function nextStop({ entry: { lifecycle }, wallMs, monotonicMs }: TransitionView): NextTransition {
  const { window, ageStopAtMs } = lifecycle;
  const isStop = window?.isOpen === true && window.isChange && window.schedule.overrun === 'stop';
  const closesAtMs = isStop ? (window.holdsUntilMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  // Whole seconds, as above.
  const tooOldAtMs =
    ageStopAtMs === undefined
      ? Number.POSITIVE_INFINITY
      : Math.round((wallMs + ageStopAtMs - monotonicMs) / 1000) * 1000;
  const atMs = Math.min(closesAtMs, tooOldAtMs);
  if (atMs === Number.POSITIVE_INFINITY) return null;
  return { phase: 'Stopped', at: isoTime(atMs), reason: closesAtMs <= tooOldAtMs ? 'WindowClosed' : 'AgeStopped' };
}

/** What comes next by itself, and when; null: nothing that is known. */
export function nextTransition(view: TransitionView): NextTransition {
  const { entry, record, wallMs, monotonicMs } = view;
  const { value, context } = entry.snapshot;
  if (value === 'backOff' && context.backoffUntilMs !== null) {
    // Whole seconds, so that the two clocks' drift doesn't rewrite the file at every look.
    const atMs = Math.round((wallMs + context.backoffUntilMs - monotonicMs) / 1000) * 1000;
    return { phase: 'Starting', at: isoTime(atMs), reason: context.backoffReason ?? 'BackOff' };
  }
  const untilMs = record?.spec?.suspend?.untilMs;
  if (value === 'stopped' && untilMs !== undefined && untilMs > wallMs) {
    return { phase: 'Starting', at: isoTime(untilMs), reason: 'Until' };
  }
  if (value === 'stopped') return nextStart(view);
  return value === 'running' || value === 'ready' ? nextStop(view) : null;
}
