import { waitFor } from '../../machine/machine.ts';
import type { ActiveAlert, Prometheus } from '../../prometheus/server.ts';

/** Alerts that are made to fire in test/system/long, as they take long. */
export const FIRED_AT_LENGTH = ['HubletEventLoopLag', 'HubletReconcileErrors', 'HubletRestarting', 'HubletStartSlow'];

/** Alerts that no controller which works gives; test/prometheus shows a made-up one to Prometheus. */
export const NEVER_FIRED = ['HubletMetricsTruncated', 'HubletQueueStuck', 'HubletSampleStale'];

/** Alerts that have fired, each as its name and whom it is about, where it is about one: `HubletServerFailed alice`. */
export class Firing {
  readonly seen = new Set<string>();
  readonly #prometheus: Prometheus;

  constructor(prometheus: Prometheus) {
    this.#prometheus = prometheus;
  }

  /** Waits until all of these have fired at least once since the first call; not all at once. */
  async await(wanted: readonly string[], timeoutMs: number): Promise<void> {
    await waitFor(
      `${wanted.join(', ')} to fire`,
      async (saw) => {
        const active = await this.#prometheus.alerts();
        for (const alert of active) if (alert.state === 'firing') this.seen.add(nameOf(alert.labels));
        return saw(wanted.filter((name) => !this.seen.has(name))).length === 0;
      },
      timeoutMs,
    );
  }

  /** Waits until none of these is active any more. */
  async awaitOver(wanted: readonly string[], timeoutMs: number): Promise<void> {
    await waitFor(
      `${wanted.join(', ')} to be over`,
      async (saw) => {
        const active = (await this.#prometheus.alerts()).map(({ labels }) => nameOf(labels));
        return saw(active.filter((name) => wanted.includes(name))).length === 0;
      },
      timeoutMs,
    );
  }
}

/** `HubletServerFailed alice`. */
export function nameOf(labels: ActiveAlert['labels']): string {
  const { alertname = '', server, source, pool, property } = labels;
  return [alertname, server ?? source ?? pool ?? property ?? ''].join(' ').trim();
}
