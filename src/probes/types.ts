import type { ProbeKind } from '../spec/defaults.ts';
import type { ProbeSpec } from '../spec/types.ts';
import type { UnitProperty } from '../units/types.ts';

/** What to probe, for one invocation of a server. */
export interface ProbeTarget {
  readonly invocationId: string;
  readonly probes: Readonly<Partial<Record<ProbeKind, Probed>>>;
  /** Whose the listening socket must be: any local user could squat a port. */
  readonly owner: SocketOwner;
}

/** One probe of a server and what it asks. */
export type Probed = ProbedPort | ProbedCommand;

/** One by exec. */
export interface ProbedCommand {
  readonly probe: ProbeSpec;
  readonly command: ProbeCommand;
}

/** A command as the unit that runs it. */
export interface ProbeCommand {
  readonly properties: readonly UnitProperty[];
}

/** One by http or tcp and the port that it asks, resolved. */
export interface ProbedPort {
  readonly probe: ProbeSpec;
  readonly port: number;
}

export type SocketOwner =
  | { readonly kind: 'account'; readonly uid: number }
  /** Whoever this process runs as: of a dynamic user nobody knows the uid before. 0: there is none yet. */
  | { readonly kind: 'process'; readonly pid: number };

/** What an earlier controller, or a look before its probes were written, found of an invocation. */
export interface KnownHealth {
  /** It is ready until enough tries fail. */
  readonly isReady: boolean;
  /** Its startup probe has succeeded, or it had none: that one is not asked any more. */
  readonly hasStarted: boolean;
}

export interface ProbeVerdict {
  readonly invocationId: string;
  /** Undefined: no verdict yet. Where only its startup is probed it is ready once that has succeeded. */
  readonly isReady: boolean | undefined;
  readonly reason: 'ProbeSucceeded' | 'ProbeFailed' | 'PortTaken';
  /** Last answer in words: `HTTP 503 from http://127.0.0.1:20001/api`, `connection refused`. */
  readonly message: string;
  /** How its start stands; absent: it has started. failing: the last try was made and failed. */
  readonly startup?: 'waiting' | 'failing';
  /** What this run is to be stopped for; absent: nothing. */
  readonly failure?: ProbeFailure;
}

/** Enough failures in a row to stop a run. */
export interface ProbeFailure {
  readonly kind: 'startup' | 'liveness';
  /** As in a sentence: `its liveness probe failed 5 times in a row: HTTP 503 from ...`. */
  readonly message: string;
}

/** Runs the probes of running servers. */
export interface Prober {
  /**
   * Probes from now on. The same target again: nothing. A new invocation: counters start anew.
   *
   * @param known absent: nothing is known of this invocation
   */
  follow(server: string, target: ProbeTarget, known?: KnownHealth): void;
  unfollow(server: string): void;
  verdict(server: string): ProbeVerdict | undefined;
  /** Fires when a verdict changed. */
  on(listener: (server: string) => void): () => void;
  stop(): void;
}
