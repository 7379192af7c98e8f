import type { ProbeSpec } from '../spec/types.ts';

/** What to probe, for one invocation of a server. */
export interface ProbeTarget {
  readonly invocationId: string;
  readonly probe: ProbeSpec;
  /** The port probed, resolved. */
  readonly port: number;
  /** Whose the listening socket must be: any local user could squat a port. */
  readonly owner: SocketOwner;
}

export type SocketOwner =
  | { readonly kind: 'account'; readonly uid: number }
  /** Whoever this process runs as: of a dynamic user nobody knows the uid before. 0: there is none yet. */
  | { readonly kind: 'process'; readonly pid: number };

export interface ProbeVerdict {
  readonly invocationId: string;
  /** Undefined: no verdict yet. */
  readonly isReady: boolean | undefined;
  readonly reason: 'ProbeSucceeded' | 'ProbeFailed' | 'PortTaken';
  /** Last answer in words: `HTTP 503 from http://127.0.0.1:20001/api`, `connection refused`. */
  readonly message: string;
}

/** Runs readiness probes of running servers. */
export interface Prober {
  /**
   * Probes from now on. The same target again: nothing. A new invocation: counters start anew.
   *
   * @param isKnownReady an earlier controller found this invocation ready: the verdict until enough tries fail
   */
  follow(server: string, target: ProbeTarget, isKnownReady?: boolean): void;
  unfollow(server: string): void;
  verdict(server: string): ProbeVerdict | undefined;
  /** Fires when a verdict changed. */
  on(listener: (server: string) => void): () => void;
  stop(): void;
}
