import type { MetricsSnapshot, ServerMetrics } from '../metrics/types.ts';
import type { UsageHistory } from '../page/history.ts';
import type { PageHost, PageServer, PageSnapshot, ServerDetails } from '../page/types.ts';
import type { HubletEvent } from '../status/types.ts';
import { appliedLimits } from '../units/diff.ts';
import type { ServerEntry } from './entry.ts';
import { positionOf } from './plan.ts';
import type { LoopPorts } from './ports.ts';
import { nextTransition } from './statusView.ts';
import type { UsageRecorder } from './usageRecorder.ts';

export interface PageFacts {
  readonly metrics: MetricsSnapshot;
  readonly entries: ReadonlyMap<string, ServerEntry>;
  readonly usage: UsageRecorder;
  readonly host: Omit<PageHost, 'isDbusConnected' | 'systemdVersion' | 'config' | 'recent'>;
}

/** What the page shows, gathered from memory: no D-Bus call, no file. What only one server's page shows is made when asked for. */
export function pageSnapshot(ports: LoopPorts, { metrics, entries, usage, host }: PageFacts): PageSnapshot {
  const events = ports.events.recent();
  const lastEvents = new Map<string | undefined, HubletEvent>();
  for (const event of events) lastEvents.set(event.server, event);
  const members = new Map<string, number>();
  for (const { pool } of metrics.servers) members.set(pool, (members.get(pool) ?? 0) + 1);
  return {
    nowMs: ports.clock.wallMs(),
    historyVersion: usage.servers.version,
    host: {
      ...host,
      systemdVersion: metrics.systemdVersion,
      isDbusConnected: metrics.isDbusConnected,
      config: metrics.config,
      recent: () => usage.host.recent(''),
    },
    servers: metrics.servers.flatMap((server) => {
      const entry = entries.get(server.name);
      return entry === undefined ? [] : [pageServer(server, entry, ports, usage.servers, lastEvents.get(server.name))];
    }),
    pools: metrics.pools.map(({ name, usage: used }) => ({
      name,
      servers: members.get(name) ?? 0,
      ...(used === undefined ? {} : { usage: used }),
      recent: () => usage.pools.recent(name),
    })),
    sources: ports.source.states().map(({ path, isReady, message, files, ignored, heldForPrune }) => ({
      path,
      isReady,
      message,
      files,
      ignored,
      heldForPrune,
    })),
    events,
  };
}

function pageServer(
  metrics: ServerMetrics,
  entry: ServerEntry,
  ports: LoopPorts,
  history: UsageHistory,
  event: HubletEvent | undefined,
): PageServer {
  const { name, user, unit, pool, profile, phase, restarts, oomKills, usage, startTimeSeconds } = metrics;
  const { lastExit } = entry;
  return {
    name,
    user,
    unit,
    pool,
    profile,
    phase,
    conditions: entry.conditions,
    restarts,
    oomKills,
    ...(startTimeSeconds === undefined ? {} : { startedMs: startTimeSeconds * 1000 }),
    ...(usage === undefined ? {} : { usage }),
    recent: () => history.recent(name),
    ...(lastExit === null ? {} : { lastExit: { result: lastExit.result, at: lastExit.at, message: lastExit.message } }),
    ...(event === undefined ? {} : { event }),
    details: () => serverDetails(metrics, entry, ports, history),
  };
}

function serverDetails(
  { name, labels }: ServerMetrics,
  entry: ServerEntry,
  ports: LoopPorts,
  history: UsageHistory,
): ServerDetails {
  const unit = ports.systemd.unit(entry.unitName);
  const isUp = positionOf(unit) === 'active';
  const { admission } = entry;
  const port = admission.kind === 'admitted' ? admission.server.port : undefined;
  const record = ports.source.record(name);
  const specPath = record?.file?.path;
  const { clock } = ports;
  const next = nextTransition({ entry, record, wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() });
  return {
    hour: history.hour(name),
    applied: isUp && unit?.live !== undefined ? appliedLimits(unit.live) : {},
    ...(port === undefined ? {} : { address: `127.0.0.1:${port}` }),
    labels,
    ...(next === null ? {} : { next }),
    ...(specPath === undefined ? {} : { specPath }),
    events: ports.events.recent(name),
  };
}
