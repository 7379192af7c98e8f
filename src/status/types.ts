import type { FileIdentity } from '../source/types.ts';
import type { QuotaUse } from '../spec/quota.ts';
import type { ConditionReason, ConditionType, EventReason } from './reasons.ts';

/** Where a server is in its life; the words of the contract. */
export const PHASES = [
  'Pending',
  'Starting',
  'Running',
  'Ready',
  'Updating',
  'Stopping',
  'Stopped',
  'BackOff',
  'Failed',
  'Deleting',
  'Unknown',
] as const;
export type Phase = (typeof PHASES)[number];

export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: ConditionReason;
  /** One sentence for a person; empty where the reason says all. */
  readonly message: string;
  readonly observedGeneration: number;
  /** ISO 8601; moves only when `status` flips. */
  readonly lastTransitionTime: string;
}

/** How a server's last run ended. */
export interface LastExit {
  /** systemd's Result=, `oom-kill` where the kernel killed the main process for memory, or `unknown`: nobody can tell. */
  readonly result: string;
  readonly code: 'exited' | 'killed' | 'dumped' | 'none';
  /** Exit code or signal number, by `code`. */
  readonly status: number;
  readonly at: string;
  /** What happened, as a person would say it: `out of memory (limit 512M)`, `exit code 203: command not found`. */
  readonly message: string;
  /** Last lines of its journal, tokens scrubbed. */
  readonly log: readonly string[];
}

/** `/run/hublet/status/<name>.json`. */
export interface ServerStatus {
  readonly apiVersion: 'hublet/v1';
  readonly kind: 'ServerStatus';
  readonly metadata: {
    readonly name: string;
    readonly generation: number;
    readonly source: FileIdentity | null;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly status: {
    readonly observedGeneration: number;
    readonly phase: Phase;
    readonly user: string | null;
    /** Pool that it runs in, or is to run in; null: in none, directly in hublet.slice. */
    readonly pool: string | null;
    readonly unit: string;
    readonly controlGroup: string | null;
    readonly invocationId: string | null;
    readonly mainPid: number | null;
    readonly address: { readonly host: string; readonly port: number; readonly url?: string } | null;
    readonly restarts: number;
    readonly startedAt: string | null;
    readonly readyAt: string | null;
    readonly nextTransition: { readonly phase: Phase; readonly at: string; readonly reason: string } | null;
    readonly lastExit: LastExit | null;
    /** Live limits read back from systemd, base units in the names; a limit that is not set is absent. */
    readonly applied: Readonly<Record<string, number | string>>;
    readonly conditions: readonly Condition[];
  };
}

/** `/run/hublet/status.json`. */
export interface HostStatus {
  readonly apiVersion: 'hublet/v1';
  readonly kind: 'HostStatus';
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly systemdVersion: string;
  readonly http: string | null;
  readonly dbus: { readonly connected: boolean; readonly reconnects: number };
  readonly sources: readonly {
    readonly path: string;
    readonly ready: boolean;
    readonly message: string;
    readonly files: number;
    readonly invalid: number;
    readonly ignored: readonly string[];
    readonly pruneHeld: readonly string[];
    readonly pruneDigest: string | null;
  }[];
  readonly servers: Readonly<Record<Phase, number>>;
  /** Limits on what many servers may ask for together, with what is given away of each. */
  readonly quotas: readonly QuotaUse[];
  readonly conditions: readonly Condition[];
}

export interface HubletEvent {
  readonly at: string;
  /** Absent: about the host. */
  readonly server?: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  readonly message: string;
  /** How often the same (server, reason) happened within its window of 10 minutes. */
  readonly count: number;
}
