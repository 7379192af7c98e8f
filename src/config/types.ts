import type { Pools } from '../spec/pool.ts';

/** The controller's configuration, whole and typed: files, environment and flags merged. */
export interface Config {
  readonly sources: readonly SourceConfig[];
  readonly pools: Pools;
  /** Pool of servers that name none, one of `pools`; absent: they are in no pool. */
  readonly defaultPool?: string;
  readonly ports: { readonly first: number; readonly last: number };
  readonly reconcile: {
    /** Reconciles under way at once. */
    readonly concurrency: number;
    /** Servers in Starting, or Running and not yet Ready, at once. */
    readonly maxStarting: number;
    readonly resyncMs: number;
    readonly rescanMs: number;
  };
  readonly metrics: {
    /** `host:port`, `unix:/path`, or null where HTTP is off. */
    readonly listen: string | null;
    readonly level: 'off' | 'basic' | 'full';
    readonly labels: readonly string[];
  };
  readonly runtimeDirectory: string;
  readonly stateDirectory: string;
  readonly lockPath: string;
  /** True: the user manager on the user's bus; false: the system manager. */
  readonly isUserMode: boolean;
}

export interface SourceConfig {
  readonly path: string;
  /** uid that must own the directory and its files, besides root. */
  readonly ownerUid: number;
  /** False for sources written by programs: mass removal is not held. */
  readonly prune: boolean;
}

/** Where configuration is looked for, before anything was read. */
export interface ConfigLocation {
  readonly file: string;
  readonly directory: string;
}
