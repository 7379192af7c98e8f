import type { Usage } from '../cgroup/types.ts';
import type { Condition, HubletEvent, Phase } from '../status/types.ts';
import type { UsageSeries } from './history.ts';

/** All that the page shows, taken from memory at one moment. Messages are as status and events have them: words.ts makes them public. */
export interface PageSnapshot {
  /** Wall time, for ages. */
  readonly nowMs: number;
  /** Another number: the usage of the past is another one. */
  readonly historyVersion: number;
  readonly host: PageHost;
  readonly servers: readonly PageServer[];
  readonly pools: readonly PagePool[];
  readonly sources: readonly PageSource[];
  /** Newest last. */
  readonly events: readonly HubletEvent[];
}

export interface PageHost {
  readonly name: string;
  /** hublet's own. */
  readonly version: string;
  /** Empty: not known yet. */
  readonly systemdVersion: string;
  readonly isDbusConnected: boolean;
  readonly config: { readonly isGood: boolean };
  readonly memoryBytes: number;
  readonly cpuCount: number;
  /** Of all servers together, the last ten minutes; undefined before the first sample. */
  recent(): UsageSeries | undefined;
}

export interface PagePool {
  readonly name: string;
  /** Servers that are in it now. */
  readonly servers: number;
  /** Absent before the first sample and while nothing runs in it. */
  readonly usage?: Usage;
  recent(): UsageSeries | undefined;
}

export interface PageSource {
  readonly path: string;
  readonly isReady: boolean;
  /** What is the matter with the directory; empty where nothing is. */
  readonly message: string;
  readonly files: number;
  readonly ignored: readonly string[];
  /** Names whose removal waits for a person. */
  readonly heldForPrune: readonly string[];
}

export interface PageServer {
  readonly name: string;
  /** Empty: not to be told, or not known. */
  readonly user: string;
  readonly unit: string;
  /** Empty: in none. */
  readonly pool: string;
  /** Empty: none. */
  readonly profile: string;
  readonly phase: Phase;
  readonly conditions: readonly Condition[];
  readonly restarts: number;
  readonly oomKills: number;
  /** Wall time of its unit's last move to active; absent while it is down. */
  readonly startedMs?: number;
  /** Absent before the first sample; without amounts while it is down. */
  readonly usage?: Usage;
  /** The last ten minutes; undefined before the first sample. */
  recent(): UsageSeries | undefined;
  readonly lastExit?: PageExit;
  /** The last one of it; absent: none is remembered. */
  readonly event?: HubletEvent;
  /** What only its own page shows; made when asked for. */
  details(): ServerDetails;
}

/** How its last run ended. Without what it wrote: loopback is public. */
export interface PageExit {
  readonly result: string;
  readonly at: string;
  readonly message: string;
}

export interface ServerDetails {
  /** Undefined before the first sample. */
  readonly hour: UsageSeries | undefined;
  /** What comes next by itself; absent: nothing that is known. */
  readonly next?: { readonly phase: Phase; readonly at: string; readonly reason: string };
  /** Limits read back from systemd, base units in the names; empty while it is down. */
  readonly applied: Readonly<Record<string, number | string>>;
  /** `127.0.0.1:20001`; absent: it has no port. */
  readonly address?: string;
  /** Allow-listed labels of its spec. */
  readonly labels: Readonly<Record<string, string>>;
  /** Path of its spec; absent: there is none (any more). */
  readonly specPath?: string;
  /** Newest last. */
  readonly events: readonly HubletEvent[];
}
