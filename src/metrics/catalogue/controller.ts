import { PHASES } from '../../status/types.ts';
import type { MetricRow } from './row.ts';

/** `state` of hublet_specs. */
export const SPEC_STATES = ['valid', 'invalid', 'ignored'] as const;

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
    name: 'hublet_quota_used',
    type: 'gauge',
    labels: [{ name: 'scope' }, { name: 'name' }, { name: 'resource' }],
    help: 'What the admitted servers of a pool or source (scope) ask for together where a quota limits it, whether they run or not. resource is servers, memory_bytes, memory_guarantee_bytes, cpu_cores or tasks.',
    level: 'always',
    source: 'admission',
  },
  {
    name: 'hublet_quota_limit',
    type: 'gauge',
    labels: [{ name: 'scope' }, { name: 'name' }, { name: 'resource' }],
    help: 'The most that a quota lets the servers of a pool or source ask for together, with the labels of hublet_quota_used.',
    level: 'always',
    source: 'configuration',
  },
  {
    name: 'hublet_config_last_reload_successful',
    type: 'gauge',
    labels: [],
    help: 'Whether the configuration could be read the last time that it was: while it is 0, an older one is in force.',
    level: 'always',
    source: 'condition ConfigReady',
  },
  {
    name: 'hublet_config_last_reload_success_timestamp_seconds',
    type: 'gauge',
    labels: [],
    help: 'When the configuration in force was read.',
    level: 'always',
    source: 'condition ConfigReady',
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
