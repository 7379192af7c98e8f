import type { MetricsSnapshot, PoolMetrics, ServerMetrics } from '../metrics/types.ts';
import type { Ends } from './ends.ts';
import type { ServerEntry } from './entry.ts';
import { positionOf } from './plan.ts';
import { poolOf } from './poolMembers.ts';
import type { LoopPorts } from './ports.ts';
import { phaseOf } from './statusView.ts';
import { restingWish, wishOf } from './wish.ts';

/** What a scrape shows, gathered from memory: no D-Bus call, no file. */
export function metricsSnapshot(
  entries: Iterable<ServerEntry>,
  ports: LoopPorts,
  facts: {
    readonly ends: Ends;
    readonly queueDepth: number;
    readonly busLostMs: number;
    readonly pools: readonly string[];
    readonly config: { readonly isGood: boolean; readonly loadedAtMs: number };
  },
): MetricsSnapshot {
  const states = ports.source.states();
  const files = states.reduce((sum, state) => sum + state.files, 0);
  const invalid = states.reduce((sum, state) => sum + state.invalid, 0);
  return {
    systemdVersion: ports.systemd.version(),
    pools: facts.pools.map((name) => poolMetrics(name, ports)),
    servers: [...entries].map((entry) => serverMetrics(entry, ports, facts)),
    specs: {
      valid: files - invalid,
      invalid,
      ignored: states.reduce((sum, state) => sum + state.ignored.length, 0),
    },
    sources: states.map(({ path, isReady }) => ({ path, isReady })),
    pruneHeld: states.reduce((sum, state) => sum + state.heldForPrune.length, 0),
    quotas: ports.source.quotas(),
    config: facts.config,
    queueDepth: facts.queueDepth,
    isDbusConnected: ports.systemd.isConnected(),
  };
}

function poolMetrics(name: string, { poolSampler }: LoopPorts): PoolMetrics {
  const usage = poolSampler.usage(name);
  return { name, ...(usage === undefined ? {} : { usage }) };
}

function serverMetrics(
  entry: ServerEntry,
  ports: LoopPorts,
  facts: { readonly ends: Ends; readonly busLostMs: number },
): ServerMetrics {
  const unit = ports.systemd.unit(entry.unitName);
  const record = ports.source.record(entry.name);
  const usage = ports.sampler.usage(entry.name);
  const isUp = positionOf(unit) === 'active';
  const lastActivityMs = ports.idle.verdict(entry.name)?.lastActivityMs;
  const labels = Object.entries(record?.spec?.labels ?? {}).filter(([name]) =>
    ports.config.metrics.labels.includes(name),
  );
  return {
    name: entry.name,
    user: userLabel(entry, ports.config.metrics.userLabel),
    unit: entry.unitName,
    pool: poolOf(entry, unit) ?? '',
    profile: record?.profile ?? '',
    labels: Object.fromEntries(labels),
    phase: phaseOf({ entry, busLostMs: facts.busLostMs }),
    isReady: entry.snapshot.value === 'ready' && entry.end === undefined,
    ...(lastActivityMs === undefined ? {} : { lastActivitySeconds: lastActivityMs / 1000 }),
    isDesired: restingWish(entry, wishOf(record, ports.clock.wallMs(), false)) === 'run',
    ...(isUp && unit?.activeSinceMs !== undefined ? { startTimeSeconds: unit.activeSinceMs / 1000 } : {}),
    restarts: entry.restartsTotal,
    oomKills: facts.ends.oomKills(entry),
    ...(usage === undefined ? {} : { usage }),
  };
}

/** Empty: not to be told, or not known. A user made up by systemd has no uid of its own. */
function userLabel(entry: ServerEntry, kind: 'name' | 'uid' | 'none'): string {
  const account = entry.served?.server.account;
  if (account === undefined || kind === 'none') return '';
  if (kind === 'name') return account.name;
  return account.isDynamic === true ? '' : String(account.uid);
}
