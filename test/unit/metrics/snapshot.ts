import type { Usage } from '../../../src/cgroup/types.ts';
import type { MetricsSnapshot, ServerMetrics } from '../../../src/metrics/types.ts';

/** A usage with every field there is. */
export const FULL_USAGE: Usage = {
  sampledAtMs: 1,
  cpuUserSeconds: 12.5,
  cpuSystemSeconds: 2.5,
  cpuCores: 0.25,
  cpuPeriods: 100,
  cpuThrottledPeriods: 10,
  cpuThrottledSeconds: 1.5,
  cpuLimitCores: 2,
  memoryCurrentBytes: 300,
  memoryWorkingSetBytes: 200,
  memoryAnonBytes: 150,
  memoryFileBytes: 120,
  memorySwapBytes: 5,
  memoryPeakBytes: 400,
  memoryLimitBytes: 1000,
  memoryHighBytes: 900,
  memoryEvents: { low: 1, high: 2, max: 3, oom: 4, oomKill: 5 },
  tasks: 7,
  tasksLimit: 100,
  ioReadBytes: 4096,
  ioWriteBytes: 8192,
  ioReads: 1,
  ioWrites: 2,
  cpuPressure: { waitingSeconds: 1.5, stalledSeconds: 0.5 },
  memoryPressure: { waitingSeconds: 2.5, stalledSeconds: 0.25 },
  ioPressure: { waitingSeconds: 3.5, stalledSeconds: 0.125 },
};

export function server(name: string, fields: Partial<ServerMetrics> = {}): ServerMetrics {
  return {
    name,
    user: name,
    unit: `hublet-${name}.service`,
    pool: 'default',
    profile: 'notebook',
    labels: {},
    phase: 'Ready',
    isReady: true,
    isDesired: true,
    startTimeSeconds: 1_700_000_000,
    lastActivitySeconds: 1_700_000_100,
    restarts: 0,
    oomKills: 0,
    usage: FULL_USAGE,
    ...fields,
  };
}

export function snapshot(servers: readonly ServerMetrics[], fields: Partial<MetricsSnapshot> = {}): MetricsSnapshot {
  return {
    systemdVersion: '252.39-1~deb12u2',
    servers,
    pools: [],
    specs: { valid: servers.length, invalid: 0, ignored: 0 },
    sources: [{ path: '/etc/hublet/desired-state', isReady: true }],
    pruneHeld: 0,
    quotas: [{ scope: 'pool', name: 'gpu', resource: 'servers', used: 1, limit: 4 }],
    queueDepth: 0,
    config: { isGood: true, loadedAtMs: 1_700_000_000_000 },
    isDbusConnected: true,
    ...fields,
  };
}
