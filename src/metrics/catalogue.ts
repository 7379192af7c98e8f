/**
 * The one table of what /metrics shows: families, documentation and rule checks are made from it.
 *
 * Rules: base units; `_total` on counters alone; a limit that isn't set has no series; no histogram carries `server`;
 * whatever else is known of a server stands once, in its info series.
 */

import { EVENTS } from '../status/reasons.ts';
import { PHASES } from '../status/types.ts';
import { liveRows } from '../units/table.ts';

export interface MetricRow {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  /** Base unit; absent for counts, ratios and flags. */
  readonly unit?: 'seconds' | 'bytes' | 'cores';
  readonly labels: readonly LabelRow[];
  readonly help: string;
  /** `always`: whatever the level. */
  readonly level: 'always' | 'basic' | 'full';
  /** Where the value comes from: file and key, D-Bus property, or the part of hublet that counts it. */
  readonly source: string;
  /** Upper bounds of a histogram's buckets, without +Inf. */
  readonly buckets?: readonly number[];
}

export interface LabelRow {
  readonly name: string;
  /** All values there can be, each shown from the start; absent: as many as there are servers, sources and so on. */
  readonly values?: readonly string[];
}

const SERVER: LabelRow = { name: 'server' };

/** `mode` of hublet_server_cpu_seconds_total. */
export const CPU_MODES = ['user', 'system'] as const;
/** `event` of hublet_server_memory_events_total; kills have a family of their own. */
export const MEMORY_EVENTS = ['low', 'high', 'max', 'oom'] as const;
/** `state` of hublet_specs. */
export const SPEC_STATES = ['valid', 'invalid', 'ignored'] as const;

/** One set of series for each server, rebuilt from memory at each scrape. */
export const SERVER_ROWS = [
  {
    name: 'hublet_server_info',
    type: 'gauge',
    labels: [SERVER, { name: 'user' }, { name: 'unit' }, { name: 'pool' }, { name: 'profile' }, { name: 'label_NAME' }],
    help: 'What a server is, always 1; allow-listed labels of its spec as label_NAME.',
    level: 'basic',
    source: 'spec',
  },
  {
    name: 'hublet_server_phase',
    type: 'gauge',
    labels: [SERVER, { name: 'phase', values: PHASES }],
    help: 'Phase of the server: 1 for the one it is in, 0 for the others.',
    level: 'basic',
    source: 'status.phase',
  },
  {
    name: 'hublet_server_ready',
    type: 'gauge',
    labels: [SERVER],
    help: 'Whether the condition Ready is True.',
    level: 'basic',
    source: 'condition Ready',
  },
  {
    name: 'hublet_server_desired',
    type: 'gauge',
    labels: [SERVER],
    help: 'Whether the spec wants the server up now.',
    level: 'basic',
    source: 'spec',
  },
  {
    name: 'hublet_server_start_time_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: [SERVER],
    help: 'Unix time at which the unit became active; absent while it is down.',
    level: 'basic',
    source: 'ActiveEnterTimestamp',
  },
  {
    name: 'hublet_server_restarts_total',
    type: 'counter',
    labels: [SERVER],
    help: 'Restarts after an end that nobody asked for.',
    level: 'basic',
    source: 'controller',
  },
  {
    name: 'hublet_server_oom_kills_total',
    type: 'counter',
    labels: [SERVER],
    help: 'Processes of the server that the kernel killed for memory, the main process or any other.',
    level: 'basic',
    source: 'memory.events: oom_kill; journal',
  },
  {
    name: 'hublet_server_cpu_seconds_total',
    type: 'counter',
    unit: 'seconds',
    labels: [SERVER, { name: 'mode', values: CPU_MODES }],
    help: 'CPU time used.',
    level: 'basic',
    source: 'cpu.stat: user_usec, system_usec',
  },
  {
    name: 'hublet_server_cpu_limit_cores',
    type: 'gauge',
    unit: 'cores',
    labels: [SERVER],
    help: 'CPU limit; absent where none is set.',
    level: 'basic',
    source: 'cpu.max: quota / period',
  },
  {
    name: 'hublet_server_cpu_periods_total',
    type: 'counter',
    labels: [SERVER],
    help: 'Enforcement periods in which the server wanted CPU.',
    level: 'basic',
    source: 'cpu.stat: nr_periods',
  },
  {
    name: 'hublet_server_cpu_throttled_periods_total',
    type: 'counter',
    labels: [SERVER],
    help: 'Enforcement periods in which the server ran into its CPU limit.',
    level: 'basic',
    source: 'cpu.stat: nr_throttled',
  },
  {
    name: 'hublet_server_cpu_throttled_seconds_total',
    type: 'counter',
    unit: 'seconds',
    labels: [SERVER],
    help: 'Time for which the server was held back by its CPU limit, summed over CPUs.',
    level: 'full',
    source: 'cpu.stat: throttled_usec',
  },
  {
    name: 'hublet_server_memory_current_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [SERVER],
    help: 'Memory in use, file cache included.',
    level: 'basic',
    source: 'memory.current',
  },
  {
    name: 'hublet_server_memory_working_set_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [SERVER],
    help: 'Memory in use less inactive file cache: what a limit must leave room for.',
    level: 'basic',
    source: 'memory.current - memory.stat: inactive_file',
  },
  {
    name: 'hublet_server_memory_anon_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [SERVER],
    help: 'Memory that belongs to no file.',
    level: 'full',
    source: 'memory.stat: anon',
  },
  {
    name: 'hublet_server_memory_file_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [SERVER],
    help: 'File cache, charged to the server that read the file first.',
    level: 'full',
    source: 'memory.stat: file',
  },
  {
    name: 'hublet_server_memory_swap_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [SERVER],
    help: 'Swap in use.',
    level: 'full',
    source: 'memory.swap.current',
  },
  {
    name: 'hublet_server_memory_peak_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [SERVER],
    help: 'Most memory in use at once since the unit started; absent before Linux 5.19.',
    level: 'full',
    source: 'memory.peak',
  },
  {
    name: 'hublet_server_memory_limit_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [SERVER],
    help: 'Memory limit, above which the kernel kills; absent where none is set.',
    level: 'basic',
    source: 'memory.max',
  },
  {
    name: 'hublet_server_memory_high_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [SERVER],
    help: 'Memory use above which the kernel slows the server down; absent where none is set.',
    level: 'full',
    source: 'memory.high',
  },
  {
    name: 'hublet_server_memory_events_total',
    type: 'counter',
    labels: [SERVER, { name: 'event', values: MEMORY_EVENTS }],
    help: 'How often the server was reclaimed below its guarantee (low), went over high, ran into its limit (max), and could not get below it (oom).',
    level: 'full',
    source: 'memory.events',
  },
  {
    name: 'hublet_server_tasks',
    type: 'gauge',
    labels: [SERVER],
    help: 'Processes and threads.',
    level: 'basic',
    source: 'pids.current',
  },
  {
    name: 'hublet_server_tasks_limit',
    type: 'gauge',
    labels: [SERVER],
    help: 'Limit of processes and threads; absent where none is set.',
    level: 'full',
    source: 'pids.max',
  },
] as const satisfies readonly MetricRow[];
export type ServerMetricName = (typeof SERVER_ROWS)[number]['name'];

/** The controller's state, rebuilt from memory at each scrape. */
export const CONTROLLER_ROWS = [
  {
    name: 'hublet_build_info',
    type: 'gauge',
    labels: [{ name: 'version' }, { name: 'node_version' }, { name: 'systemd_version' }],
    help: 'Versions in use, always 1.',
    level: 'always',
    source: 'controller',
  },
  {
    name: 'hublet_servers',
    type: 'gauge',
    labels: [{ name: 'phase', values: PHASES }],
    help: 'Servers by phase.',
    level: 'always',
    source: 'status.phase',
  },
  {
    name: 'hublet_specs',
    type: 'gauge',
    labels: [{ name: 'state', values: SPEC_STATES }],
    help: 'Files in the desired-state directories: specs that are accepted, specs that are not, and files that are no specs.',
    level: 'always',
    source: 'sources',
  },
  {
    name: 'hublet_source_ready',
    type: 'gauge',
    labels: [{ name: 'source' }],
    help: 'Whether a desired-state directory can be listed and trusted; while it is 0, nothing from it changes.',
    level: 'always',
    source: 'condition SourceReady',
  },
  {
    name: 'hublet_prune_held',
    type: 'gauge',
    labels: [],
    help: 'Servers whose files vanished, too many at once: their removal waits for hublet prune --confirm.',
    level: 'always',
    source: 'condition PruneHeld',
  },
  {
    name: 'hublet_workqueue_depth',
    type: 'gauge',
    labels: [],
    help: 'Servers waiting for a reconcile.',
    level: 'always',
    source: 'reconciler',
  },
  {
    name: 'hublet_dbus_connected',
    type: 'gauge',
    labels: [],
    help: 'Whether systemd can be reached.',
    level: 'always',
    source: 'condition BusConnected',
  },
  {
    name: 'hublet_metrics_truncated',
    type: 'gauge',
    labels: [],
    help: 'Whether series of servers are left out because there would be too many: first those of level full, then all.',
    level: 'always',
    source: 'controller',
  },
] as const satisfies readonly MetricRow[];
export type ControllerMetricName = (typeof CONTROLLER_ROWS)[number]['name'];

const OUTCOMES = ['success', 'error'] as const;
const ACTIONS = ['start', 'stop', 'resetFailed', 'setLimits', 'removeEnvironment', 'forget'] as const;
const DBUS_METHODS = [
  'StartTransientUnit',
  'StopUnit',
  'ResetFailedUnit',
  'SetUnitProperties',
  'ListUnitsByPatterns',
  'Get',
  'GetAll',
  'Subscribe',
  'AddMatch',
  'GetNameOwner',
  'Ping',
] as const;
/** systemd's Result= (systemd.exec(5), $SERVICE_RESULT), with oom-kill also where hublet found it out. */
const EXIT_RESULTS = [
  'success',
  'protocol',
  'timeout',
  'exit-code',
  'signal',
  'core-dump',
  'watchdog',
  'exec-condition',
  'oom-kill',
  'start-limit-hit',
  'resources',
] as const;
const SHORT_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 25] as const;

/** What parts of the controller count as it happens. */
export const INSTRUMENT_ROWS = {
  reconciles: {
    name: 'hublet_reconcile_total',
    type: 'counter',
    labels: [{ name: 'result', values: ['success', 'waiting', 'error'] }],
    help: 'Reconciles of one server, by how they ended.',
    level: 'always',
    source: 'reconciler',
  },
  reconcileDuration: {
    name: 'hublet_reconcile_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    help: 'Time one reconcile took.',
    level: 'always',
    source: 'reconciler',
    buckets: SHORT_SECONDS,
  },
  queueAdds: {
    name: 'hublet_workqueue_adds_total',
    type: 'counter',
    labels: [],
    help: 'Servers put into the queue.',
    level: 'always',
    source: 'reconciler',
  },
  queueRetries: {
    name: 'hublet_workqueue_retries_total',
    type: 'counter',
    labels: [],
    help: 'Servers put into the queue again after an error.',
    level: 'always',
    source: 'reconciler',
  },
  queueDuration: {
    name: 'hublet_workqueue_queue_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    help: 'Time a server waited in the queue.',
    level: 'always',
    source: 'reconciler',
    buckets: SHORT_SECONDS,
  },
  workDuration: {
    name: 'hublet_workqueue_work_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    help: 'Time from taking a server out of the queue to being done with it.',
    level: 'always',
    source: 'reconciler',
    buckets: SHORT_SECONDS,
  },
  actions: {
    name: 'hublet_actions_total',
    type: 'counter',
    labels: [
      { name: 'action', values: ACTIONS },
      { name: 'result', values: OUTCOMES },
    ],
    help: 'Steps taken towards the desired state.',
    level: 'always',
    source: 'reconciler',
  },
  drift: {
    name: 'hublet_drift_total',
    type: 'counter',
    labels: [{ name: 'property', values: liveRows().map((row) => row.name) }],
    help: 'Live properties found changed by someone else.',
    level: 'always',
    source: 'reconciler',
  },
  startDuration: {
    name: 'hublet_server_start_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    help: 'Time from asking for a start to Ready.',
    level: 'always',
    source: 'reconciler',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
  },
  exits: {
    name: 'hublet_server_exits_total',
    type: 'counter',
    labels: [{ name: 'result', values: EXIT_RESULTS }],
    help: 'Ends of runs, by result.',
    level: 'always',
    source: 'Result, journal',
  },
  dbusReconnects: {
    name: 'hublet_dbus_reconnects_total',
    type: 'counter',
    labels: [],
    help: 'Connections to D-Bus after the first.',
    level: 'always',
    source: 'systemd bus',
  },
  dbusCalls: {
    name: 'hublet_dbus_calls_total',
    type: 'counter',
    labels: [
      { name: 'method', values: DBUS_METHODS },
      { name: 'result', values: OUTCOMES },
    ],
    help: 'D-Bus calls.',
    level: 'always',
    source: 'systemd bus',
  },
  dbusDuration: {
    name: 'hublet_dbus_call_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: [{ name: 'method', values: DBUS_METHODS }],
    help: 'Time from a D-Bus call to its reply.',
    level: 'always',
    source: 'systemd bus',
    buckets: SHORT_SECONDS,
  },
  sampleDuration: {
    name: 'hublet_sample_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    help: 'Time one pass over the cgroups of all servers took; its count stands still where sampling does.',
    level: 'always',
    source: 'cgroup sampler',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  events: {
    name: 'hublet_events_total',
    type: 'counter',
    labels: [{ name: 'reason', values: Object.keys(EVENTS) }],
    help: 'Events recorded.',
    level: 'always',
    source: 'status',
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

/** Every row, in the order of the documentation. */
export function catalogueRows(): readonly MetricRow[] {
  return [...SERVER_ROWS, ...CONTROLLER_ROWS, ...Object.values(INSTRUMENT_ROWS)];
}

/** How many series a row makes for each server, source and so on: the product of its labels' values, times its buckets. */
export function seriesOf(row: MetricRow): number {
  const combinations = row.labels.reduce((product, label) => product * (label.values?.length ?? 1), 1);
  // Besides the buckets: +Inf, _sum and _count.
  return combinations * (row.type === 'histogram' ? (row.buckets?.length ?? 0) + 3 : 1);
}
