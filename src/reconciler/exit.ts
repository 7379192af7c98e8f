import { isoTime } from '../clock.ts';
import type { ExitKind } from '../machines/server.machine.ts';
import { isConfigurationExit } from '../status/exitMessage.ts';
import type { LastExit } from '../status/types.ts';
import type { UnitState } from '../systemd/port.ts';

/** The end of one run, from the moment it was noticed until it has been dealt with. */
export interface UnitEnd {
  readonly invocationId: string;
  /** systemd's last word on it; undefined where the end came while nobody watched. */
  readonly unit: UnitState | undefined;
  readonly noticedAtMs: number;
  /** Undefined while the journal is being asked. */
  readonly evidence: ExitEvidence | undefined;
}

/** What can be known of an end besides the unit's own properties. */
export interface ExitEvidence {
  /** The journal's word for it, such as `oom-kill`; undefined where it said nothing. */
  readonly journalResult: string | undefined;
  /** Exit code or signal of the main process as the journal has it; undefined where it said nothing. */
  readonly journalExit: { readonly code: number; readonly status: number } | undefined;
  /** The same of a command before it (preStart) that failed the start; undefined where none did. */
  readonly journalExitBefore: { readonly code: number; readonly status: number } | undefined;
  /** Last lines that the server itself wrote, scrubbed. */
  readonly lines: readonly string[];
  /** The kernel killed a process of this invocation for memory. */
  readonly isOomSeen: boolean;
  /** The journal could not be read, however often: that it says nothing of a failure means nothing. Absent: it could. */
  readonly isUnread?: boolean;
}

const SIGNAL_TERM = 15;
/** systemd counts these signals as a clean end (systemd.service(5), SuccessExitStatus=): HUP, INT, TERM, PIPE. */
const CLEAN_SIGNALS: ReadonlySet<number> = new Set([1, 2, 13, SIGNAL_TERM]);
const SIGNAL_KILL = 9;
const CLD_EXITED = 1;

/**
 * Tells what kind of end an invocation had, from the last state systemd reported.
 *
 * @see systemd.exec(5) "Process Exit Codes": 200 to 243 mean that systemd could not execute the command as configured
 */
export function classifyExit(unit: UnitState): ExitKind {
  if (unit.stopRequestedBy === 'hublet') return 'asked';
  if (unit.stopRequestedBy === 'other') return 'foreign';
  if (unit.execMainCode === CLD_EXITED && isConfigurationExit(unit.execMainStatus)) return 'configuration';
  if (unit.result !== 'success') return 'failed';
  const isCleanSignal = unit.execMainCode > CLD_EXITED && CLEAN_SIGNALS.has(unit.execMainStatus);
  const isCleanExit = unit.execMainCode <= CLD_EXITED && unit.execMainStatus === 0;
  return isCleanExit || isCleanSignal ? 'clean' : 'failed';
}

/** systemd's result of the end, corrected to `oom-kill` where the main process was the victim. */
export function exitResult(unit: UnitState, evidence: ExitEvidence): string {
  if (unit.result === 'oom-kill' || evidence.journalResult === 'oom-kill') return 'oom-kill';
  const isKilled = unit.execMainCode > CLD_EXITED && unit.execMainStatus === SIGNAL_KILL;
  return isKilled && evidence.isOomSeen && unit.stopRequestedBy === undefined ? 'oom-kill' : unit.result;
}

/** Whether the journal is worth a look: the end was a failure, so its last lines and its cause interest somebody. */
export function needsEvidence(kind: ExitKind): boolean {
  return kind === 'failed' || kind === 'configuration';
}

/**
 * A run whose end nobody saw and nobody can tell: a failure, because one that did its work and ended is started once more
 * for nothing, and one that crashed would stay down. Undefined: something is known of the end.
 */
export function unknownExit({ unit, evidence, noticedAtMs }: UnitEnd): LastExit | undefined {
  if (unit !== undefined || evidence?.isUnread !== true) return undefined;
  return {
    result: 'unknown',
    code: 'none',
    status: 0,
    at: isoTime(noticedAtMs),
    message: 'ended while hublet was away, and the journal, which would tell how, could not be read',
    log: [],
  };
}
