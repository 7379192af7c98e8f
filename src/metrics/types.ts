import type { Usage } from '../cgroup/types.ts';
import type { QuotaUse } from '../spec/quota.ts';
import type { EventReason } from '../status/reasons.ts';
import type { Phase } from '../status/types.ts';

/** What a scrape shows: taken from memory, never from D-Bus or a file. */
export interface MetricsSnapshot {
  readonly systemdVersion: string;
  readonly servers: readonly ServerMetrics[];
  readonly pools: readonly PoolMetrics[];
  readonly specs: { readonly valid: number; readonly invalid: number; readonly ignored: number };
  readonly sources: readonly { readonly path: string; readonly isReady: boolean }[];
  /** Servers whose removal waits for a person. */
  readonly pruneHeld: number;
  readonly quotas: readonly QuotaUse[];
  /** Whether the last attempt to read the configuration succeeded, and the wall time of the last that did. */
  readonly config: { readonly isGood: boolean; readonly loadedAtMs: number };
  readonly queueDepth: number;
  readonly isDbusConnected: boolean;
}

export interface PoolMetrics {
  readonly name: string;
  /** Of its slice, counters since the controller started; absent before the first sample, as long as it has no server. */
  readonly usage?: Usage;
}

export interface ServerMetrics {
  readonly name: string;
  readonly user: string;
  readonly unit: string;
  /** Empty: in none. */
  readonly pool: string;
  readonly profile: string;
  /** Allow-listed spec labels only. */
  readonly labels: Readonly<Record<string, string>>;
  readonly phase: Phase;
  readonly isReady: boolean;
  /** Whether its spec wants it up now. */
  readonly isDesired: boolean;
  /** Unix time of the unit's last move to active; absent while it is down. */
  readonly startTimeSeconds?: number;
  /** Unix time at which it was last found used, or could not be measured; absent where its spec doesn't ask for that. */
  readonly lastActivitySeconds?: number;
  readonly restarts: number;
  readonly oomKills: number;
  /** Counters in it are totals over all its invocations since the controller started; absent before the first sample. */
  readonly usage?: Usage;
}

/** What parts report as it happens. Every call is cheap and never throws. */
export interface Instruments {
  reconciled(result: 'success' | 'waiting' | 'error', seconds: number): void;
  queueAdded(): void;
  queueRetried(): void;
  queueWaited(seconds: number): void;
  workDone(seconds: number): void;
  acted(action: string, result: 'success' | 'error'): void;
  drifted(property: string): void;
  serverStarted(seconds: number): void;
  serverExited(result: string): void;
  dbusReconnected(): void;
  dbusCalled(method: string, result: 'success' | 'error', seconds: number): void;
  sampled(seconds: number): void;
  eventRecorded(reason: EventReason): void;
}
