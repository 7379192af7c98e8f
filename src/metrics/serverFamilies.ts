import type { Usage } from '../cgroup/types.ts';
import { PHASES } from '../status/types.ts';
import { type MetricRow, seriesOf } from './catalogue/row.ts';
import {
  CPU_MODES,
  MEMORY_EVENTS,
  RESOURCES,
  SERVER_ROWS,
  type ServerMetricName,
  type UsageMetricName,
} from './catalogue/server.ts';
import { labelText, type MetricFamily, type Sample } from './exposition.ts';
import type { ServerMetrics } from './types.ts';

export type MetricsLevel = 'off' | 'basic' | 'full';

/** Adds one series of the server at hand; nothing where the value is undefined. `labels` stand after `server`. */
type Add = (value: number | undefined, labels?: string) => void;

const PHASE_LABELS = PHASES.map((phase) => ({ phase, text: labelText('phase', phase) }));
const MODE_LABELS = CPU_MODES.map((mode) => labelText('mode', mode));
const EVENT_LABELS = MEMORY_EVENTS.map((event) => ({ event, text: labelText('event', event) }));
const RESOURCE_LABELS = RESOURCES.map((resource) => ({
  field: `${resource}Pressure` as const,
  text: labelText('resource', resource),
}));

const USAGE_READERS: Readonly<Record<UsageMetricName, (subject: Pick<ServerMetrics, 'usage'>, add: Add) => void>> = {
  hublet_server_cpu_seconds_total: ({ usage }, add) => {
    add(usage?.cpuUserSeconds, MODE_LABELS[0]);
    add(usage?.cpuSystemSeconds, MODE_LABELS[1]);
  },
  hublet_server_cpu_limit_cores: ({ usage }, add) => add(usage?.cpuLimitCores),
  hublet_server_cpu_periods_total: ({ usage }, add) => add(usage?.cpuPeriods),
  hublet_server_cpu_throttled_periods_total: ({ usage }, add) => add(usage?.cpuThrottledPeriods),
  hublet_server_cpu_throttled_seconds_total: ({ usage }, add) => add(usage?.cpuThrottledSeconds),
  hublet_server_memory_current_bytes: ({ usage }, add) => add(usage?.memoryCurrentBytes),
  hublet_server_memory_working_set_bytes: ({ usage }, add) => add(usage?.memoryWorkingSetBytes),
  hublet_server_memory_anon_bytes: ({ usage }, add) => add(usage?.memoryAnonBytes),
  hublet_server_memory_file_bytes: ({ usage }, add) => add(usage?.memoryFileBytes),
  hublet_server_memory_swap_bytes: ({ usage }, add) => add(usage?.memorySwapBytes),
  hublet_server_memory_peak_bytes: ({ usage }, add) => add(usage?.memoryPeakBytes),
  hublet_server_memory_limit_bytes: ({ usage }, add) => add(usage?.memoryLimitBytes),
  hublet_server_memory_high_bytes: ({ usage }, add) => add(usage?.memoryHighBytes),
  hublet_server_memory_events_total: ({ usage }, add) => {
    for (const { event, text } of EVENT_LABELS) add(usage?.memoryEvents?.[event], text);
  },
  hublet_server_tasks: ({ usage }, add) => add(usage?.tasks),
  hublet_server_tasks_limit: ({ usage }, add) => add(usage?.tasksLimit),
  hublet_server_io_read_bytes_total: ({ usage }, add) => add(usage?.ioReadBytes),
  hublet_server_io_write_bytes_total: ({ usage }, add) => add(usage?.ioWriteBytes),
  hublet_server_io_reads_total: ({ usage }, add) => add(usage?.ioReads),
  hublet_server_io_writes_total: ({ usage }, add) => add(usage?.ioWrites),
  hublet_server_pressure_waiting_seconds_total: ({ usage }, add) => {
    for (const { field, text } of RESOURCE_LABELS) add(usage?.[field]?.waitingSeconds, text);
  },
  hublet_server_pressure_stalled_seconds_total: ({ usage }, add) => {
    for (const { field, text } of RESOURCE_LABELS) add(usage?.[field]?.stalledSeconds, text);
  },
};

const READERS: Readonly<Record<ServerMetricName, (server: ServerMetrics, add: Add) => void>> = {
  hublet_server_info: (server, add) => add(1, infoLabels(server)),
  hublet_server_phase: (server, add) => {
    for (const { phase, text } of PHASE_LABELS) add(phase === server.phase ? 1 : 0, text);
  },
  hublet_server_ready: (server, add) => add(server.isReady ? 1 : 0),
  hublet_server_desired: (server, add) => add(server.isDesired ? 1 : 0),
  hublet_server_start_time_seconds: (server, add) => add(server.startTimeSeconds),
  hublet_server_last_activity_timestamp_seconds: (server, add) => add(server.lastActivitySeconds),
  hublet_server_restarts_total: (server, add) => add(server.restarts),
  hublet_server_oom_kills_total: (server, add) => add(server.oomKills),
  ...USAGE_READERS,
};

/**
 * The per-server families of a level, one after the other so that the caller may pause between them.
 *
 * Made from the given servers alone: a server that is not among them has no series, and none is kept from before.
 */
export function* serverFamilies(servers: readonly ServerMetrics[], level: MetricsLevel): Generator<MetricFamily> {
  const labels = servers.map((server) => labelText('server', server.name));
  for (const row of rowsOf(level)) {
    yield { ...row, samples: samplesOf(READERS[row.name], servers, labels) };
  }
}

/** One server's at a time: all of them at once would be as many objects as the family has lines. */
function* samplesOf(
  read: (server: ServerMetrics, add: Add) => void,
  servers: readonly ServerMetrics[],
  labels: readonly string[],
): Generator<Sample> {
  let samples: Sample[] = [];
  let own = '';
  const add: Add = (value, extra) => {
    if (value !== undefined) samples.push({ labels: extra === undefined ? own : `${own},${extra}`, value });
  };
  for (const [index, server] of servers.entries()) {
    own = labels[index] ?? '';
    samples = [];
    read(server, add);
    yield* samples;
  }
}

/** The fullest level up to the one wished whose series for so many servers stay within the cap. */
export function levelWithin(maxSeries: number, servers: number, wished: MetricsLevel): MetricsLevel {
  const falling: readonly MetricsLevel[] = ['full', 'basic', 'off'];
  const candidates = falling.slice(falling.indexOf(wished));
  return candidates.find((level) => seriesPerServer(level) * servers <= maxSeries) ?? 'off';
}

/** Series that one server makes at most. */
export function seriesPerServer(level: MetricsLevel): number {
  return rowsOf(level).reduce((sum, row) => sum + seriesOf(row), 0);
}

/** The series of one family of usage; `labels` stand after the label that says whose it is, and are absent where there are none. */
export function readUsage(
  name: UsageMetricName,
  usage: Usage,
): readonly { readonly labels: string | undefined; readonly value: number }[] {
  const series: { readonly labels: string | undefined; readonly value: number }[] = [];
  USAGE_READERS[name]({ usage }, (value, labels) => {
    if (value !== undefined) series.push({ labels, value });
  });
  return series;
}

/** Whether the families of that level have this row among them. */
export function isOfLevel(row: MetricRow, level: MetricsLevel): boolean {
  return level === 'full' || (level === 'basic' && row.level !== 'full');
}

function rowsOf(level: MetricsLevel): readonly (typeof SERVER_ROWS)[number][] {
  return SERVER_ROWS.filter((row) => isOfLevel(row, level));
}

/** Spec labels are prefixed, as kube-state-metrics does, so that none can take the place of `user` or `server`. */
function infoLabels(server: ServerMetrics): string {
  const texts = [
    labelText('user', server.user),
    labelText('unit', server.unit),
    labelText('pool', server.pool),
    labelText('profile', server.profile),
  ];
  const names = new Set<string>();
  for (const [key, value] of Object.entries(server.labels)) {
    const name = `label_${key.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`;
    // Two keys may become one name (a.b and a-b), and a name that stands twice spoils the whole scrape: the first stays.
    if (!names.has(name)) texts.push(labelText(name, value));
    names.add(name);
  }
  return texts.join(',');
}
