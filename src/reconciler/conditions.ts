/**
 * Conditions of one server, made from a view of it: the one place that says which reason stands for what.
 * The table in docs and in status/reasons.ts has all types and reasons.
 */
import { isoTime } from '../clock.ts';
import { CRASH_LOOP_RESTARTS } from '../machines/backoff.ts';
import type { ConditionReason, ConditionType } from '../status/reasons.ts';
import type { LastExit } from '../status/types.ts';
import type { Admission } from './admitter.ts';
import { flappingOf } from './flapping.ts';
import { wakeWords } from './lifecycle.ts';
import { memoryKillWords } from './memoryKillWords.ts';
import { updateWords } from './updateWords.ts';
import { BUS_GRACE_MS, type ServerView } from './view.ts';
import { isReadinessProbed, isSuspended, judgedSpec } from './wish.ts';

/** A condition before it gets its generation and transition time. */
export interface ConditionState {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: ConditionReason;
  readonly message: string;
}

/** All conditions that hold now, in the order in which they are shown. */
export function deriveConditions(view: ServerView): readonly ConditionState[] {
  return [
    accepted(view),
    admitted(view),
    synced(view),
    ready(view),
    updatePending(view),
    suspended(view),
    ...stalled(view),
    ...resized(view),
    ...windowOpen(view),
    ...idle(view),
  ];
}

function accepted({ record, entry }: ServerView): ConditionState {
  const type = 'Accepted';
  const isUnknown = record?.spec === undefined && record?.refusal === undefined && record?.denial === undefined;
  if (record === undefined || (isUnknown && !record.isDeleted))
    return { type, status: 'Unknown', reason: 'Unreadable', message: 'no spec file was found for this unit' };
  if (record.refusal !== undefined) {
    const status = record.refusal.reason === 'Unreadable' ? 'Unknown' : 'False';
    return { type, status, reason: record.refusal.reason, message: record.refusal.message };
  }
  const { admission } = entry;
  const { denial } = record;
  if (denial?.condition === 'Accepted')
    return { type, status: 'False', reason: denial.reason, message: denial.message };
  if (admission.kind === 'refused' && admission.condition === 'Accepted') {
    return { type, status: 'False', reason: admission.reason, message: admission.message };
  }
  const notes = admission.kind === 'admitted' && admission.note !== undefined ? [admission.note] : [];
  return { type, status: 'True', reason: 'Valid', message: [...record.warnings, ...notes].join('; ') };
}

function admitted({ entry: { admission }, record }: ServerView): ConditionState {
  const type = 'Admitted';
  const denial = record?.denial;
  if (denial?.condition === 'Admitted' && denial.isUndecided !== true) {
    return { type, status: 'False', reason: denial.reason, message: denial.message };
  }
  if (admission.kind === 'refused' && admission.condition === 'Admitted') {
    return { type, status: 'False', reason: admission.reason, message: admission.message };
  }
  return { type, status: 'True', reason: 'WithinPolicy', message: '' };
}

function synced(view: ServerView): ConditionState {
  const type = 'Synced';
  if (view.busLostMs > BUS_GRACE_MS) {
    return {
      type,
      status: 'Unknown',
      reason: 'BusDisconnected',
      message: 'no connection to systemd over D-Bus; retrying',
    };
  }
  if (view.drifted.length > 0) {
    const words = view.drifted.map((name) => {
      const path = view.entry.rivals.dropIns.get(name);
      return path === undefined ? name : `${name} (set by ${path}, which is left as it is)`;
    });
    return { type, status: 'False', reason: 'Drifted', message: `differs from the spec: ${words.join(', ')}` };
  }
  if (view.isUpdatePending) return { type, status: 'False', reason: 'UpdatePending', message: '' };
  return { type, status: 'True', reason: 'InSync', message: view.entry.fault ?? '' };
}

function ready(view: ServerView): ConditionState {
  const { entry, record, unit, verdict } = view;
  const state = (status: ConditionState['status'], reason: ConditionReason, message: string): ConditionState => ({
    type: 'Ready',
    status,
    reason,
    message,
  });
  if (view.busLostMs > BUS_GRACE_MS) return state('Unknown', 'BusDisconnected', 'no connection to systemd over D-Bus');
  if (entry.end !== undefined) return state('False', 'NotRunning', 'it has ended; its journal is being asked why');
  if (record !== undefined && entry.generation < record.generation && !record.isDeleted) {
    return state('Unknown', 'Unobserved', 'its newest spec has not been looked at yet');
  }
  const { context, value } = entry.snapshot;
  const spec = judgedSpec(entry, record);
  const isProbed = spec !== undefined && isReadinessProbed(spec);
  switch (value) {
    case 'ready':
      return state('True', isProbed ? 'ProbeSucceeded' : 'NoProbes', memoryKillWords(view.memoryKills));
    case 'running':
      if (verdict === undefined || verdict.isReady === undefined) return state('False', 'Starting', waitingFor(view));
      return state('False', verdict.reason, verdict.message);
    case 'starting':
      return state('False', 'Starting', entry.fault ?? '');
    case 'backOff': {
      const isLoop = context.backoffReason === 'Crashed' && context.restarts >= CRASH_LOOP_RESTARTS;
      const times =
        context.backoffReason === 'Crashed' ? `restart ${context.restarts + 1} follows` : 'another start follows';
      return state(
        'False',
        isLoop ? 'CrashLoop' : 'NotRunning',
        `${lastExitWords(entry.lastExit)}; ${times} after a pause`,
      );
    }
    case 'pending':
      if (view.isQueued) return state('False', 'StartQueued', 'waits for others to finish starting');
      return state('False', pendingReason(entry.admission), pendingCause(view));
    case 'stopped':
      if (context.ended === 'Exited') return state('False', 'NotRunning', lastExitWords(entry.lastExit));
      return state('False', 'NotRunning', restCause(view));
    case 'failed':
      return state('False', 'NotRunning', lastExitWords(entry.lastExit));
    case 'updating':
      return state('False', 'NotRunning', 'restarting');
    case 'stopping':
    case 'deleting':
    case 'deleted':
    case 'left':
      return state('False', 'NotRunning', unit === undefined ? '' : (entry.stopFor?.message ?? 'stopping'));
    case 'ended':
      return state('False', 'NotRunning', '');
  }
}

/** What a server that is active has yet to answer. */
function waitingFor({ entry, record, verdict }: ServerView): string {
  const isStarting =
    verdict === undefined ? judgedSpec(entry, record)?.startupProbe !== undefined : verdict.startup !== undefined;
  const what = isStarting ? 'waiting for its startup probe' : 'waiting for its first readiness probe';
  const said = verdict?.message ?? '';
  return said === '' ? what : `${what}: ${said}`;
}

/** Why it is down on purpose, in words. */
function restCause({ entry: { lifecycle, held }, record, wallMs }: ServerView): string {
  if (record !== undefined && isSuspended(record, wallMs)) return 'suspended by its spec';
  if (lifecycle.rest === 'closed') return 'outside the windows of its schedule';
  if (held === undefined) return '';
  return `${held.kind === 'age' ? 'was older than maxAge' : 'was idle'}; ${wakeWords(held)}`;
}

function pendingReason(admission: Admission): ConditionReason {
  return admission.kind === 'waiting' ? (admission.reason ?? 'NotRunning') : 'NotRunning';
}

/** Why it can't be started though it is wished, in words. */
export function pendingCause({ entry, record, isForeign }: ServerView): string {
  if (isForeign) return `a unit named ${entry.unitName} exists that this hublet did not make`;
  if (entry.admission.kind !== 'admitted') return entry.admission.message;
  if (record?.spec === undefined) return record?.refusal?.message ?? '';
  return entry.fault ?? '';
}

function lastExitWords(exit: LastExit | null): string {
  return exit === null ? 'stopped' : exit.message;
}

function updatePending({ isUpdatePending, entry }: ServerView): ConditionState {
  const type = 'UpdatePending';
  if (!isUpdatePending) return { type, status: 'False', reason: 'UpToDate', message: '' };
  const reason = entry.update.kind === 'whenIdle' ? 'WaitingForIdle' : 'RestartRequired';
  return { type, status: 'True', reason, message: updateWords(entry) };
}

function suspended({ record, wallMs }: ServerView): ConditionState {
  const wish = record?.spec?.suspend;
  if (wish === undefined || (wish.untilMs !== undefined && wish.untilMs <= wallMs)) {
    return { type: 'Suspended', status: 'False', reason: 'NotSuspended', message: '' };
  }
  const reason = wish.untilMs === undefined ? 'BySpec' : 'Until';
  return { type: 'Suspended', status: 'True', reason, message: wish.reason ?? '' };
}

function stalled(view: ServerView): readonly ConditionState[] {
  const type = 'Stalled';
  const { entry, record, isForeign } = view;
  const state = (reason: ConditionReason, message: string): readonly ConditionState[] => [
    { type, status: 'True', reason, message },
  ];
  if (isForeign) return state('NameConflict', pendingCause(view));
  if (entry.admission.kind === 'refused' && entry.admission.condition === 'Stalled') {
    return state(entry.admission.reason, entry.admission.message);
  }
  if (record?.denial?.condition === 'Stalled') return state(record.denial.reason, record.denial.message);
  const { value, context } = entry.snapshot;
  if (value === 'backOff' && context.backoffReason === 'ExecConfigError') {
    return state('ExecConfigError', lastExitWords(entry.lastExit));
  }
  const flapping = flappingOf(entry.rivals.flaps);
  if (flapping.length > 0) return state('DriftFlapping', flappingWords(flapping));
  if (view.isUnkillable) return state('Unkillable', 'did not end after SIGKILL; its processes may hang in the kernel');
  return [];
}

function flappingWords(properties: readonly string[]): string {
  const names = properties.join(', ');
  return `somebody keeps changing ${names} on the running unit, so it is set back every 5 min only; find out who does, or name it in drift.ignore of the configuration`;
}

/** Only where its spec asks for it. */
function idle({ entry: { lifecycle, held } }: ServerView): readonly ConditionState[] {
  const type = 'Idle';
  const { idlePolicy, idle: verdict } = lifecycle;
  if (idlePolicy === undefined) return [];
  if (held?.kind === 'idle') return [{ type, status: 'True', reason: 'NoActivity', message: 'stopped for it' }];
  if (verdict?.kind === 'idle') {
    const message = verdict.sinceWallMs === undefined ? '' : `since ${isoTime(verdict.sinceWallMs)}`;
    return [{ type, status: 'True', reason: 'NoActivity', message }];
  }
  if (verdict?.kind === 'active') return [{ type, status: 'False', reason: 'Active', message: '' }];
  const message =
    verdict === undefined ? '' : `counts as used: not all of ${idlePolicy.checks.join(', ')} could be measured`;
  return [{ type, status: 'Unknown', reason: 'NotMeasured', message }];
}

/** Only with a schedule. */
function windowOpen({ entry: { lifecycle } }: ServerView): readonly ConditionState[] {
  const { window } = lifecycle;
  if (window === undefined) return [];
  const changeMs = window.isChange ? window.holdsUntilMs : undefined;
  const next = changeMs === undefined ? 'no more' : isoTime(changeMs);
  if (window.isOpen) return [{ type: 'WindowOpen', status: 'True', reason: 'InWindow', message: `closes ${next}` }];
  const overrun = lifecycle.isOverrun ? '; runs on until it ends by itself' : '';
  return [{ type: 'WindowOpen', status: 'False', reason: 'Closed', message: `opens ${next}${overrun}` }];
}

function resized({ entry }: ServerView): readonly ConditionState[] {
  if (entry.resizeDeferred === undefined) return [];
  return [{ type: 'Resized', status: 'False', reason: 'Deferred', message: entry.resizeDeferred }];
}
