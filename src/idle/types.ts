import type { IdleCheck } from '../spec/types.ts';

/** One server whose use is measured, for the run that it is in. */
export interface IdleTarget {
  readonly invocationId: string;
  readonly checks: readonly IdleCheck[];
  /** CPU use below this is none. */
  readonly cpuCores: number;
  /** Undefined: it has none, so neither connections nor Jupyter can be asked. */
  readonly port: number | undefined;
  /** Who may answer on that port: an account, or whoever that process acts as. */
  readonly owner:
    | { readonly kind: 'account'; readonly uid: number }
    | { readonly kind: 'process'; readonly pid: number };
  /** Where Jupyter is on that port. */
  readonly jupyter: JupyterPlace;
  /** Idle for so long: worth a look, once. */
  readonly tellAtMs: number;
  /** Idle for so long: worth a look each time it is measured, because a stop is near. */
  readonly tellAfterMs: number;
}

export interface JupyterPlace {
  readonly scheme: 'http' | 'https';
  /** Path of the status, as `/user/alice/api/status`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What one check found; `unknown` counts as use. */
export type IdleReading = 'quiet' | 'used' | 'unknown';

/** What is known of one run's use. */
export interface IdleVerdict {
  readonly invocationId: string;
  /** unknown: at least one check could not be made, and none found it used. */
  readonly kind: 'idle' | 'active' | 'unknown';
  /** How long all checks had agreed when they were last made; 0 where they don't. */
  readonly idleMs: number;
  /** Wall time since when; undefined where they don't agree. */
  readonly sinceWallMs: number | undefined;
  /** Wall time at which it was last found used, or could not be measured. */
  readonly lastActivityMs: number;
  /** Monotonic time of the last measuring. */
  readonly measuredMs: number;
}

/** Idleness of one run as an earlier controller of this boot measured it. */
export interface KnownIdleness {
  readonly invocationId: string;
  /** Monotonic time since when, the same for every process of this boot, and the wall time of that moment. */
  readonly sinceMs: number;
  readonly sinceWallMs: number;
  readonly lastActivityMs: number;
  /** Monotonic time of the last measuring, or somewhat before. */
  readonly measuredMs: number;
}

export interface IdleMonitor {
  /**
   * Measures this run from now on. The same run again: its target may have changed, what was found stays.
   *
   * @param known what was measured of it before; believed where that is not long ago and the first measuring finds no use
   */
  follow(server: string, target: IdleTarget, known?: KnownIdleness): void;
  unfollow(server: string): void;
  /** Undefined before the first measuring. */
  verdict(server: string): IdleVerdict | undefined;
  /** Told of a server that came to be idle, ceased to be, or has been for long. */
  on(listener: (server: string) => void): () => void;
  start(): void;
  stop(): void;
}
