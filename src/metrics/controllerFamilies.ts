import type { QuotaResource, QuotaUse } from '../spec/quota.ts';
import { PHASES, type Phase } from '../status/types.ts';
import { CONTROLLER_ROWS, type ControllerMetricName, SPEC_STATES } from './catalogue/controller.ts';
import { labelText, type MetricFamily, type Sample } from './exposition.ts';
import type { MetricsSnapshot } from './types.ts';

export interface BuildInfo {
  readonly version: string;
  readonly nodeVersion: string;
}

/** The families of the controller's own state, from the snapshot alone. `isTruncated`: series of servers were left out. */
export function controllerFamilies(
  snapshot: MetricsSnapshot,
  build: BuildInfo,
  isTruncated: boolean,
): readonly MetricFamily[] {
  const samples: Readonly<Record<ControllerMetricName, readonly Sample[]>> = {
    hublet_build_info: [{ labels: buildLabels(snapshot, build), value: 1 }],
    hublet_servers: phaseSamples(snapshot),
    hublet_specs: SPEC_STATES.map((state) => ({ labels: labelText('state', state), value: snapshot.specs[state] })),
    hublet_source_ready: snapshot.sources.map(({ path, isReady }) => ({
      labels: labelText('source', path),
      value: isReady ? 1 : 0,
    })),
    hublet_prune_held: [{ labels: '', value: snapshot.pruneHeld }],
    hublet_quota_used: snapshot.quotas.map((quota) => ({ labels: quotaLabels(quota), value: quota.used })),
    hublet_quota_limit: snapshot.quotas.map((quota) => ({ labels: quotaLabels(quota), value: quota.limit })),
    hublet_config_last_reload_successful: [{ labels: '', value: snapshot.config.isGood ? 1 : 0 }],
    hublet_config_last_reload_success_timestamp_seconds: [{ labels: '', value: snapshot.config.loadedAtMs / 1000 }],
    hublet_workqueue_depth: [{ labels: '', value: snapshot.queueDepth }],
    hublet_dbus_connected: [{ labels: '', value: snapshot.isDbusConnected ? 1 : 0 }],
    hublet_metrics_truncated: [{ labels: '', value: isTruncated ? 1 : 0 }],
  };
  return CONTROLLER_ROWS.map((row) => ({ ...row, samples: samples[row.name] }));
}

/** How many servers are in each phase, none left out. */
export function countPhases(snapshot: MetricsSnapshot): Readonly<Record<Phase, number>> {
  const counts = Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Record<Phase, number>;
  for (const server of snapshot.servers) counts[server.phase] += 1;
  return counts;
}

function phaseSamples(snapshot: MetricsSnapshot): readonly Sample[] {
  const counts = countPhases(snapshot);
  return PHASES.map((phase) => ({ labels: labelText('phase', phase), value: counts[phase] }));
}

function buildLabels(snapshot: MetricsSnapshot, build: BuildInfo): string {
  return [
    labelText('version', build.version),
    labelText('node_version', build.nodeVersion),
    labelText('systemd_version', snapshot.systemdVersion),
  ].join(',');
}

/** `resource` of the quotas, each with its unit. */
const QUOTA_UNIT: Readonly<Record<QuotaResource, string>> = {
  servers: 'servers',
  memory: 'memory_bytes',
  memoryGuarantee: 'memory_guarantee_bytes',
  cpu: 'cpu_cores',
  tasks: 'tasks',
};

function quotaLabels({ scope, name, resource }: QuotaUse): string {
  return [labelText('scope', scope), labelText('name', name), labelText('resource', QUOTA_UNIT[resource])].join(',');
}
