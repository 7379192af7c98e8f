import type { UnitProperty } from '../units/types.ts';

/**
 * systemd, as the rest of hublet sees it.
 *
 * An implementation keeps a mirror of the units that match `hublet-*.service`, fed by signals and repaired by listings.
 * Events carry unit names only; whoever gets one reads the mirror, so a late or doubled event does no harm.
 */
export interface Systemd {
  /** Connects and keeps connected until `close`; resolves at the first connection. @throws {SystemdError} `Disconnected` when none came in time */
  open(timeoutMs: number): Promise<void>;
  close(): void;
  isConnected(): boolean;

  /** Names of all units of the pattern that are loaded now, whoever made them. */
  loadedUnits(): readonly string[];
  /** What is known of a unit now. Undefined: systemd has no such unit loaded, and none ended unseen since `forget`. */
  unit(name: string): UnitState | undefined;
  /** Drops what is remembered of a unit that is gone; call it once its exit has been dealt with. No effect on a loaded unit. */
  forget(name: string): void;

  /** Lists our units anew (one D-Bus call), reads what is new, and fires `changed` for every unit that differs from the mirror. @throws {SystemdError} */
  relist(): Promise<readonly string[]>;
  /** Reads a unit's properties and live limits (GetAll of the Service interface) into the mirror. Undefined where it is not loaded. @throws {SystemdError} */
  read(name: string): Promise<UnitState | undefined>;

  /** Resolves when systemd took the job, not when it is done: JobRemoved shows as `changed`. @throws {SystemdError} */
  startTransientUnit(name: string, properties: readonly UnitProperty[]): Promise<void>;
  stopUnit(name: string): Promise<void>;
  resetFailedUnit(name: string): Promise<void>;
  /** Changes live properties with runtime=true, clearing lists first. @throws {SystemdError} */
  setUnitProperties(name: string, properties: readonly UnitProperty[]): Promise<void>;
  /**
   * Reads a slice and the limits it has, or will have once a unit of it starts. Never makes or starts one.
   *
   * @throws {SystemdError}
   */
  readSlice(name: string): Promise<SliceState>;
  /** What drop-ins of an administrator set for a unit: the file that does, by the setting's name in unit files. @throws {SystemdError} */
  adminSettings(name: string): Promise<ReadonlyMap<string, string>>;
  /** `running`, `degraded`, `stopping` ...: the manager's SystemState. @throws {SystemdError} */
  systemState(): Promise<string>;
  /** systemd's version as it says it, such as `252.39-1~deb12u2`; empty before the first connection. */
  version(): string;
  /** Control group of systemd itself, below which are those of its units; empty where that is the root, and before the first connection. */
  controlGroup(): string;

  on(listener: (event: SystemdEvent) => void): () => void;
}

/** Runs commands as units of their own, each once. */
export interface CommandRunner {
  /**
   * Starts a transient unit of Type=oneshot and resolves with what became of it; an aborted one is stopped and `notMade`.
   * Never rejects.
   *
   * @param name as `commandUnitName` gives them
   * @param patienceMs how long to wait at all; its own time limit is among the properties
   */
  run(name: string, properties: readonly UnitProperty[], patienceMs: number, signal: AbortSignal): Promise<CommandEnd>;
  /** Stops those that an earlier controller of this instance left. @throws {SystemdError} */
  sweep(instanceId: string): Promise<void>;
}

export type CommandEnd =
  /** `result`, `code` and `status`: as in UnitState, of a service that ended with this. */
  | { readonly kind: 'ended'; readonly result: string; readonly code: number; readonly status: number }
  /** It could not be run, or nobody knows what became of it. */
  | { readonly kind: 'notMade'; readonly message: string };

export type SystemdEvent =
  /** The unit appeared, changed state, ended or went away: look at `unit(name)`. */
  | { readonly kind: 'changed'; readonly unit: string }
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly reason: string }
  /** daemon-reload or daemon-reexec is over and the mirror has been listed anew; limits may have changed. */
  | { readonly kind: 'reloaded' }
  /** The host is going down: a job for shutdown.target appeared or SystemState says `stopping`. */
  | { readonly kind: 'shutdown' }
  /** It isn't after all: SystemState says something else. */
  | { readonly kind: 'shutdownCancelled' };

export interface UnitState {
  readonly name: string;
  /** False once systemd unloaded it: then the other fields are the last that were seen. */
  readonly loaded: boolean;
  /** `bad-setting` after a daemon-reload that could not read the unit back, `loaded` normally. */
  readonly loadState: string;
  readonly activeState:
    | 'inactive'
    | 'activating'
    | 'active'
    | 'reloading'
    | 'deactivating'
    | 'failed'
    | 'maintenance'
    | 'refreshing';
  readonly subState: string;
  /** True while a job is queued or runs for it: an inactive unit with a job has not ended. */
  readonly hasJob: boolean;
  /** 32 hex digits; empty before the first start. */
  readonly invocationId: string;
  /** 0: none. Never signal it unchecked: kill(0) is one's own process group. */
  readonly mainPid: number;
  /** Path below the cgroup mount; empty where it has none or it isn't known yet. */
  readonly controlGroup: string;
  /** `success`, `exit-code`, `signal`, `core-dump`, `timeout`, `oom-kill`, `resources`, `watchdog`, `start-limit-hit`, ... */
  readonly result: string;
  /** siginfo's si_code: 1 exited, 2 killed, 3 dumped; 0 while nothing ended. */
  readonly execMainCode: number;
  /** Exit code, or signal number where `execMainCode` is 2 or 3. */
  readonly execMainStatus: number;
  /** Wall time of the last move to active; undefined before. */
  readonly activeSinceMs: number | undefined;
  /** Who asked for the stop that this invocation is in or ended by; undefined: nobody, it ended by itself. */
  readonly stopRequestedBy: 'hublet' | 'other' | undefined;
  /** Our marks from LogExtraFields; undefined until read (`read`), null where the unit has none. */
  readonly marks: UnitMarks | null | undefined;
  /** Live properties as systemd reports them, by D-Bus name; undefined until read, and again after an event that may have changed them. */
  readonly live: Readonly<Record<string, unknown>> | undefined;
}

export interface SliceState {
  /** Path below the cgroup mount; empty where it isn't active. */
  readonly controlGroup: string;
  /** Live properties as systemd reports them, by D-Bus name. */
  readonly live: Readonly<Record<string, unknown>>;
}

export interface UnitMarks {
  readonly server: string;
  readonly instance: string;
  readonly hash: string;
}

/** What a failed call means to the caller, whatever D-Bus called it. */
export type SystemdErrorCode =
  | 'UnitExists'
  | 'NoSuchUnit'
  | 'InvalidProperty'
  | 'AccessDenied'
  /** The call may or may not have been carried out (timeout, NoReply, connection lost): look again. */
  | 'UnknownOutcome'
  | 'Disconnected'
  | 'Failed';

export class SystemdError extends Error {
  override readonly name = 'SystemdError';
  readonly code: SystemdErrorCode;

  constructor(code: SystemdErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
