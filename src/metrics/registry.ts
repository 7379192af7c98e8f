/**
 * Everything a scrape shows.
 *
 * prom-client counts what happens over time (instruments, process and Node defaults). What is only a view of the present,
 * each server's series above all, is made anew from the snapshot at every scrape and never enters it: nothing can go stale,
 * and no series is looked up by a joined string of its label values, which odd names could make ambiguous.
 */

import { setImmediate } from 'node:timers/promises';
import {
  Counter,
  collectDefaultMetrics,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import { INSTRUMENT_ROWS } from './catalogue/instruments.ts';
import type { LabelRow, MetricRow } from './catalogue/row.ts';
import { type BuildInfo, controllerFamilies } from './controllerFamilies.ts';
import {
  boundText,
  type ExpositionFormat,
  labelText,
  type MetricFamily,
  renderEnd,
  renderFamily,
} from './exposition.ts';
import type { LoopDelay } from './loopDelay.ts';
import { poolFamilies } from './poolFamilies.ts';
import { levelWithin, type MetricsLevel, serverFamilies } from './serverFamilies.ts';
import type { Instruments, MetricsSnapshot } from './types.ts';

export interface MetricsRegistry {
  readonly instruments: Instruments;
  /** One scrape, a family at a time. Lets the loop turn between families; all of it shows the moment at which it begins. */
  render(format: ExpositionFormat): AsyncIterable<string>;
}

export interface RegistryOptions {
  readonly build: BuildInfo;
  /** Asked at each scrape. `off` leaves out all per-server families, nothing else. */
  readonly level: () => MetricsLevel;
  readonly snapshot: () => MetricsSnapshot;
  readonly loopDelay: Pick<LoopDelay, 'scraped'>;
  /** Per-server series above which the level falls by itself; 100,000 by default. */
  readonly maxSeries?: number;
}

/** Gauges of prom-client that are called like counters, which promtool and OpenMetrics refuse; they are sums of others. */
const MISNAMED_DEFAULTS = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
] as const;

/** As good as never, as its timer can't be left out: a `LoopDelay` shows what that would. */
const LAG_PRECISION_MS = 2 ** 31 - 1;
const LAG_FIGURES = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'] as const;

/** A registry of its own, shared with nobody; instruments count from 0. */
export function createMetricsRegistry(options: RegistryOptions): MetricsRegistry {
  const registry = new Registry();
  const instruments = createInstruments(registry);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_PRECISION_MS });
  for (const name of MISNAMED_DEFAULTS) registry.removeSingleMetric(name);
  for (const figure of LAG_FIGURES) registry.removeSingleMetric(`nodejs_eventloop_lag_${figure}_seconds`);
  const maxSeries = options.maxSeries ?? 100_000;
  return {
    instruments,
    async *render(format) {
      const snapshot = options.snapshot();
      const wished = options.level();
      const level = levelWithin(maxSeries, snapshot.servers.length, wished);
      for (const family of serverFamilies(snapshot.servers, level)) {
        yield renderFamily(family, format);
        await setImmediate();
      }
      for (const family of poolFamilies(snapshot.pools, wished)) yield renderFamily(family, format);
      for (const family of controllerFamilies(snapshot, options.build, level !== wished)) {
        yield renderFamily(family, format);
      }
      for (const metric of await registry.getMetricsAsJSON()) yield renderFamily(toFamily(metric, format), format);
      // Last, so that what a scrape takes of the loop is in it.
      for (const family of options.loopDelay.scraped()) yield renderFamily(family, format);
      yield renderEnd(format);
    },
  };
}

function createInstruments(registry: Registry): Instruments {
  const rows = INSTRUMENT_ROWS;
  const reconciles = createCounter(registry, rows.reconciles);
  const reconcileDuration = createHistogram(registry, rows.reconcileDuration);
  const queueAdds = createCounter(registry, rows.queueAdds);
  const queueRetries = createCounter(registry, rows.queueRetries);
  const queueDuration = createHistogram(registry, rows.queueDuration);
  const workDuration = createHistogram(registry, rows.workDuration);
  const actions = createCounter(registry, rows.actions);
  const drift = createCounter(registry, rows.drift);
  const startDuration = createHistogram(registry, rows.startDuration);
  const exits = createCounter(registry, rows.exits);
  const dbusReconnects = createCounter(registry, rows.dbusReconnects);
  const dbusCalls = createCounter(registry, rows.dbusCalls);
  const dbusDuration = createHistogram(registry, rows.dbusDuration);
  const sampleDuration = createHistogram(registry, rows.sampleDuration);
  const events = createCounter(registry, rows.events);
  return {
    reconciled(result, seconds) {
      reconciles.inc({ result });
      reconcileDuration.observe(measured(seconds));
    },
    queueAdded: () => queueAdds.inc(),
    queueRetried: () => queueRetries.inc(),
    queueWaited: (seconds) => queueDuration.observe(measured(seconds)),
    workDone: (seconds) => workDuration.observe(measured(seconds)),
    acted: (action, result) => actions.inc({ action, result }),
    drifted: (property) => drift.inc({ property }),
    serverStarted: (seconds) => startDuration.observe(measured(seconds)),
    serverExited: (result) => exits.inc({ result }),
    dbusReconnected: () => dbusReconnects.inc(),
    dbusCalled(method, result, seconds) {
      dbusCalls.inc({ method, result });
      dbusDuration.observe({ method }, measured(seconds));
    },
    sampled: (seconds) => sampleDuration.observe(measured(seconds)),
    eventRecorded: (reason) => events.inc({ reason }),
  };
}

function createCounter(registry: Registry, row: MetricRow): Counter {
  const { name, help } = row;
  const counter = new Counter({ name, help, labelNames: labelNames(row), registers: [registry] });
  for (const labels of combinations(row.labels)) counter.inc(labels, 0);
  return counter;
}

function createHistogram(registry: Registry, row: MetricRow): Histogram {
  const { name, help } = row;
  const buckets = [...(row.buckets ?? [])];
  const histogram = new Histogram({ name, help, labelNames: labelNames(row), buckets, registers: [registry] });
  for (const labels of combinations(row.labels)) histogram.zero(labels);
  return histogram;
}

function labelNames(row: MetricRow): string[] {
  return row.labels.map((label) => label.name);
}

/** Every combination of the labels' values: increase() misses the first step of a series that isn't there at 0. */
function combinations(labels: readonly LabelRow[]): readonly Record<string, string>[] {
  let combined: readonly Record<string, string>[] = [{}];
  for (const { name, values = [] } of labels) {
    combined = combined.flatMap((before) => values.map((value) => ({ ...before, [name]: value })));
  }
  return combined;
}

/** prom-client throws at what is no number, and instruments never throw: a duration that can't be is counted as none. */
function measured(seconds: number): number {
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}

function toFamily(metric: MetricObjectWithValues<MetricValue<string>>, format: ExpositionFormat): MetricFamily {
  // Typed as an enum of numbers, but words at run time.
  const type = String(metric.type) as MetricFamily['type'];
  const samples = metric.values.map((value) => {
    const { metricName } = value as { readonly metricName?: string };
    const labels = Object.entries(value.labels)
      .filter(([, text]) => text !== undefined)
      .map(([name, text]) => labelText(name, name === 'le' ? boundText(text ?? '', format) : String(text)));
    const suffix = metricName?.slice(metric.name.length);
    return { labels: labels.join(','), value: value.value, ...(suffix && { suffix }) };
  });
  const unit = Object.values<MetricRow>(INSTRUMENT_ROWS).find((row) => row.name === metric.name)?.unit;
  return { name: metric.name, type, help: metric.help, samples, ...(unit && { unit }) };
}
