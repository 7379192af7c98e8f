/** The reasons to be down that are neither a file nor a failure: a closed window, idleness, age. Decides; the statechart and the plan act. */

import type { Server } from '../admission/types.ts';
import { isoTime } from '../clock.ts';
import type { IdleTarget, IdleVerdict } from '../idle/types.ts';
import { nextOpeningMs, type Schedule, type WindowState, windowState } from '../schedule/windows.ts';
import type { SpecRecord } from '../source/types.ts';
import { formatDuration } from '../spec/quantities.ts';
import type { IdleMeasure, IdlePolicy, ServerSpec } from '../spec/types.ts';
import type { UnitState } from '../systemd/port.ts';
import type { ServerEntry } from './entry.ts';
import type { LoopPorts } from './ports.ts';
import { isSuspended, observedPosition } from './wish.ts';

/**
 * A server that was stopped for what it did, not by its file: it stays down until its spec changes or its next window opens.
 * Kept over restarts of the controller, lost with the boot.
 */
export interface Held {
  readonly kind: 'age' | 'idle';
  /** The spec that it was stopped under; another one frees it. */
  readonly generation: number;
  /** Wall time of the next opening of its windows; null: it has none, or none is to come. */
  readonly untilMs: number | null;
}

/** What the time makes of a server, as the last look found it. */
export interface Lifecycle {
  /** Why it is to be down; undefined: it may run. */
  readonly rest: 'closed' | Held['kind'] | undefined;
  /** It runs on though its window has closed, until it ends. */
  readonly isOverrun: boolean;
  /** It runs, and only a clock that has just jumped says that its suspension is not over. */
  readonly isSuspensionDoubted: boolean;
  /** Undefined: it has no schedule. */
  readonly window: KnownWindow | undefined;
  /** Monotonic time at which it is too old; undefined: never, or it is down. */
  readonly ageStopAtMs: number | undefined;
  /** What was measured of the present run; undefined: nothing yet, or it is not asked for. */
  readonly idle: IdleVerdict | undefined;
  /** Undefined: it may be idle for ever. */
  readonly idlePolicy: IdlePolicy | undefined;
  /** Milliseconds after which the time alone may change something; undefined: never. */
  readonly lookAfterMs: number | undefined;
}

export interface KnownWindow extends WindowState {
  readonly schedule: Schedule;
  /** Wall time for which it was found. */
  readonly fromMs: number;
}

export const NO_LIFECYCLE: Lifecycle = {
  rest: undefined,
  isOverrun: false,
  isSuspensionDoubted: false,
  window: undefined,
  ageStopAtMs: undefined,
  idle: undefined,
  idlePolicy: undefined,
  lookAfterMs: undefined,
};

/** Brings `entry.lifecycle`, `entry.held` and `entry.isWindowOpen` up to now, and tells of what changed. */
export class LifecycleKeeper {
  readonly #ports: Pick<LoopPorts, 'clock' | 'clockJudge' | 'events' | 'idle'>;

  constructor(ports: Pick<LoopPorts, 'clock' | 'clockJudge' | 'events' | 'idle'>) {
    this.#ports = ports;
  }

  look(entry: ServerEntry, record: SpecRecord | undefined, unit: UnitState | undefined): void {
    const spec = record?.spec;
    if (record === undefined || spec === undefined) {
      entry.lifecycle = NO_LIFECYCLE;
      this.#ports.idle.unfollow(entry.name);
      return;
    }
    const { clock, clockJudge } = this.#ports;
    const wallMs = clock.wallMs();
    const nowMs = clock.monotonicMs();
    // What a clock says that has just jumped stops nothing.
    const graceMs = clockJudge.graceLeftMs();
    const position = observedPosition(entry, unit);
    const isUp = position === 'active' || position === 'starting';
    const window = spec.schedule === undefined ? undefined : knownWindow(entry, spec.schedule, wallMs);
    if (isFreed(entry, record, wallMs)) entry.held = undefined;
    this.#noteWindow(entry, window, graceMs);

    const isRunning = position === 'active' && !isSuspended(record, wallMs);
    const ageStopAtMs = isRunning && spec.maxAgeMs !== undefined ? entry.ageFromMs + spec.maxAgeMs : undefined;
    if (entry.held === undefined && ageStopAtMs !== undefined && nowMs >= ageStopAtMs && graceMs === 0) {
      this.#hold(entry, record, 'age', window);
    }
    const idle = this.#measure(entry, spec, isRunning ? unit : undefined);
    if (entry.held === undefined && this.#isIdleTooLong(entry, spec.idle, idle, graceMs)) {
      this.#hold(entry, record, 'idle', window);
    }
    const isClosed = window?.isOpen === false;
    const isOverrun = isClosed && isUp && window.schedule.overrun === 'finish';
    const isKept = isOverrun || (isUp && graceMs > 0);
    const rest = entry.held?.kind ?? (isClosed && !isKept ? 'closed' : undefined);
    const due = [
      window?.holdsUntilMs === undefined ? undefined : window.holdsUntilMs - wallMs,
      entry.held?.untilMs == null ? undefined : entry.held.untilMs - wallMs,
      ageStopAtMs === undefined || entry.held !== undefined ? undefined : ageStopAtMs - nowMs,
      graceMs,
    ].flatMap((ms) => (ms !== undefined && ms > 0 ? [ms] : []));
    const lookAfterMs = due.length === 0 ? undefined : Math.min(...due);
    const isSuspensionDoubted = isUp && graceMs > 0 && isSuspensionOld(entry, record, unit);
    const idlePolicy = spec.idle;
    entry.lifecycle = { rest, isOverrun, isSuspensionDoubted, window, ageStopAtMs, idle, idlePolicy, lookAfterMs };
  }

  /** Has the present run measured, where its spec asks for it. Undefined: nothing is known. */
  #measure(entry: ServerEntry, spec: ServerSpec, unit: UnitState | undefined): IdleVerdict | undefined {
    const { idle } = this.#ports;
    const server = entry.served?.server;
    const measure = spec.idle ?? spec.updateIdle;
    if (measure === undefined || unit === undefined || unit.invocationId === '' || server === undefined) {
      idle.unfollow(entry.name);
      return undefined;
    }
    idle.follow(entry.name, idleTarget(measure, tellTimes(spec), unit, server), entry.idleBefore);
    const verdict = idle.verdict(entry.name);
    return verdict?.invocationId === unit.invocationId ? verdict : undefined;
  }

  /** Whether it has been idle for its timeout, and was warned of that for long enough. Warns where it is time to. */
  #isIdleTooLong(
    entry: ServerEntry,
    policy: IdlePolicy | undefined,
    verdict: IdleVerdict | undefined,
    graceMs: number,
  ): boolean {
    // The update comes first, and the idleness of the run after it counts from its start.
    const isUpdatedFirst = entry.update.kind === 'whenIdle' || entry.update.kind === 'due';
    if (policy === undefined || verdict?.kind !== 'idle' || isUpdatedFirst) {
      entry.idleWarnedMs = undefined;
      return false;
    }
    const { timeoutMs, warnBeforeMs } = policy;
    if (verdict.idleMs < timeoutMs - warnBeforeMs) return false;
    const nowMs = this.#ports.clock.monotonicMs();
    if (entry.idleWarnedMs === undefined) {
      entry.idleWarnedMs = nowMs;
      const leftMs = Math.max(warnBeforeMs, timeoutMs - verdict.idleMs);
      const message = `idle for ${minutes(verdict.idleMs)}; stopped in ${minutes(leftMs)} unless it is used`;
      this.#ports.events.record({ server: entry.name, reason: 'IdleWarning', message });
    }
    return verdict.idleMs >= timeoutMs && nowMs - entry.idleWarnedMs >= warnBeforeMs && graceMs === 0;
  }

  #noteWindow(entry: ServerEntry, window: KnownWindow | undefined, graceMs: number): void {
    const before = entry.isWindowOpen;
    if (window !== undefined && !window.isOpen && before === true && graceMs > 0) return;
    entry.isWindowOpen = window?.isOpen;
    if (window === undefined || before === undefined || before === window.isOpen) return;
    const change = window.isChange && window.holdsUntilMs !== undefined ? isoTime(window.holdsUntilMs) : undefined;
    const reason = window.isOpen ? 'WindowOpened' : 'WindowClosed';
    const next = window.isOpen ? 'closes' : 'opens';
    const message = change === undefined ? `${next} no more` : `${next} ${change}`;
    this.#ports.events.record({ server: entry.name, reason, message });
  }

  #hold(entry: ServerEntry, record: SpecRecord, kind: Held['kind'], window: KnownWindow | undefined): void {
    const wallMs = this.#ports.clock.wallMs();
    const untilMs = window === undefined ? null : (nextOpeningMs(window.schedule, wallMs) ?? null);
    entry.held = { kind, generation: record.generation, untilMs };
    const [reason, cause] =
      kind === 'age' ? (['AgeStopped', 'older than maxAge'] as const) : (['IdleStopped', 'idle'] as const);
    this.#ports.events.record({ server: entry.name, reason, message: `${cause}; ${wakeWords(entry.held)}` });
  }
}

/** What starts a held server again, in words. */
export function wakeWords({ untilMs }: Held): string {
  const window = untilMs === null ? '' : ` or its window opens ${isoTime(untilMs)}`;
  return `stays down until hublet resume, hublet restart, a change of its spec${window}`;
}

/** Its end was seen to be over by an earlier look, and nobody has written another since. */
function isSuspensionOld(entry: ServerEntry, record: SpecRecord, unit: UnitState | undefined): boolean {
  const isStopAsked = unit !== undefined && unit.invocationId !== '' && unit.invocationId === entry.stopAskedOf;
  return record.spec?.suspend?.untilMs !== undefined && entry.generation === record.generation && !isStopAsked;
}

/** Its spec is another one, or a window has opened since. One that was denied changes nothing yet. */
function isFreed({ held, spec }: ServerEntry, record: SpecRecord, wallMs: number): boolean {
  if (held === undefined) return false;
  if (held.untilMs !== null && wallMs >= held.untilMs) return true;
  if (record.denial !== undefined) return false;
  return held.generation !== record.generation || (spec !== undefined && spec !== record.spec);
}

/** Found anew only where the last answer doesn't cover this moment: looks are many, boundaries few. */
function knownWindow({ lifecycle: { window } }: ServerEntry, schedule: Schedule, wallMs: number): KnownWindow {
  const isCovered =
    window?.schedule === schedule &&
    wallMs >= window.fromMs &&
    (window.holdsUntilMs === undefined || wallMs < window.holdsUntilMs);
  return isCovered ? window : { ...windowState(schedule, wallMs), schedule, fromMs: wallMs };
}

/** What is measured of a run. Jupyter is asked where its readiness probe asks, and as who. */
function idleTarget(
  { checks, cpuCores }: IdleMeasure,
  times: Pick<IdleTarget, 'tellAtMs' | 'tellAfterMs'>,
  unit: UnitState,
  server: Server,
): IdleTarget {
  const { account, port, spec } = server;
  const check = spec.readinessProbe?.check;
  const http = check?.kind === 'http' ? check : undefined;
  return {
    invocationId: unit.invocationId,
    checks,
    cpuCores,
    port,
    owner: account.isDynamic === true ? { kind: 'process', pid: unit.mainPid } : { kind: 'account', uid: account.uid },
    jupyter: {
      scheme: http?.scheme ?? 'http',
      path: `${basePath(http?.path ?? '/')}/api/status`,
      headers: http?.headers ?? {},
    },
    ...times,
  };
}

/** When its idleness may lead to something: an update that waits for it comes with the first look, a stop takes a warning before it. */
function tellTimes({ idle, updateIdle }: ServerSpec): Pick<IdleTarget, 'tellAtMs' | 'tellAfterMs'> {
  return {
    tellAtMs: updateIdle?.quietMs ?? Number.POSITIVE_INFINITY,
    tellAfterMs: idle === undefined ? Number.POSITIVE_INFINITY : idle.timeoutMs - idle.warnBeforeMs,
  };
}

/** `/user/alice` of `/user/alice/api` or `/user/alice/`; empty where the path tells of none. */
function basePath(path: string): string {
  const [place = ''] = path.split(/[?#]/);
  if (/\/api(\/.*)?$/.test(place)) return place.replace(/\/api(\/.*)?$/, '');
  return place.endsWith('/') ? place.slice(0, -1) : '';
}

function minutes(ms: number): string {
  return formatDuration(Math.round(ms / 1000) * 1000);
}
