import type { Policy } from '../admission/policy.ts';
import type { Pools } from '../spec/pool.ts';
import type { Profile } from '../spec/schema.ts';

/** The controller's configuration, whole and typed: files, environment and flags merged. */
export interface Config {
  readonly sources: readonly SourceConfig[];
  /** Fields that many servers share, by name. */
  readonly profiles: Readonly<Record<string, Profile>>;
  /** Profile of servers that name none, one of `profiles`; absent: they build on none. */
  readonly defaultProfile?: string;
  readonly pools: Pools;
  /** Pool of servers that name none, one of `pools`; absent: they are in no pool. */
  readonly defaultPool?: string;
  readonly ports: { readonly first: number; readonly last: number };
  /** When files vanish: which servers go, and which wait for a person. */
  readonly prune: { readonly minCount: number; readonly maxFraction: number };
  readonly drift: {
    /** False: limits that somebody changed on a running unit are told of and left. */
    readonly isCorrected: boolean;
    /** systemd's names of limits that are left in any case. */
    readonly ignore: readonly string[];
  };
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
    /** What hublet_server_info tells of a server's account. */
    readonly userLabel: 'name' | 'uid' | 'none';
    readonly labels: readonly string[];
  };
  readonly runtimeDirectory: string;
  readonly stateDirectory: string;
  readonly lockPath: string;
  /** True: the user manager on the user's bus; false: the system manager. */
  readonly isUserMode: boolean;
}

/** A directory of spec files. */
export interface SourceDirectory {
  readonly path: string;
  /** uid that must own the directory and its files, besides root. */
  readonly ownerUid: number;
  /** False for sources written by programs: mass removal is not held. */
  readonly prune: boolean;
}

export interface SourceConfig extends SourceDirectory {
  /** What its specs may ask for. */
  readonly policy: Policy;
}

/** Where configuration is looked for, before anything was read. */
export interface ConfigLocation {
  readonly file: string;
  readonly directory: string;
}

/** What is to be told of the configuration. */
export interface ConfigState {
  /** False: the last attempt to load it failed, and an older one is in force. */
  readonly isGood: boolean;
  /** What is wrong with the files, a line each; empty where nothing is. */
  readonly message: string;
  /** Wall time at which the configuration in force was loaded. */
  readonly loadedAtMs: number;
  /** Fields whose new values count from the next start of the controller on. */
  readonly restartNeeds: readonly string[];
}
