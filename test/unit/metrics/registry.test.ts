import { text as textOf } from 'node:stream/consumers';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { INSTRUMENT_ROWS } from '../../../src/metrics/catalogue/instruments.ts';
import { seriesOf } from '../../../src/metrics/catalogue/row.ts';
import { SERVER_ROWS } from '../../../src/metrics/catalogue/server.ts';
import { catalogueRows } from '../../../src/metrics/catalogue.ts';
import { createMetricsRegistry, type MetricsRegistry } from '../../../src/metrics/registry.ts';
import type { MetricsLevel } from '../../../src/metrics/serverFamilies.ts';
import type { PoolMetrics, ServerMetrics } from '../../../src/metrics/types.ts';
import { measuredDelay } from '../../fakes/delays.ts';
import { type ParsedFamily, parseExposition, seriesValue } from './exposition.ts';
import { FULL_USAGE, server, snapshot } from './snapshot.ts';

let servers: ServerMetrics[];
let pools: PoolMetrics[];
let level: MetricsLevel;
let registry: MetricsRegistry;
beforeEach(() => {
  servers = [server('alice')];
  pools = [{ name: 'gpu', usage: FULL_USAGE }];
  level = 'full';
  registry = newRegistry();
});

function newRegistry(maxSeries?: number): MetricsRegistry {
  return createMetricsRegistry({
    build: { version: '0.1.0', nodeVersion: 'v24.0.0' },
    level: () => level,
    snapshot: () => snapshot(servers, { pools }),
    loopDelay: measuredDelay(),
    ...(maxSeries !== undefined && { maxSeries }),
  });
}

async function scrape(from = registry): Promise<ReadonlyMap<string, ParsedFamily>> {
  return parseExposition(await textOf(from.render('text')));
}

function serverNames(families: ReadonlyMap<string, ParsedFamily>): Set<string | undefined> {
  const samples = [...families.values()].flatMap((family) => family.samples);
  return new Set(samples.map((sample) => sample.labels.server));
}

describe('catalogue and scrape', () => {
  test('name the same families with the same types, help and number of series', async () => {
    const families = await scrape();
    const ours = [...families.values()].filter(({ name }) => name.startsWith('hublet_'));
    const shown = ours.map(({ name, type, help, samples }) => ({ name, type, help, series: samples.length }));
    const listed = catalogueRows().map((row) => ({
      name: row.name,
      type: row.type,
      help: row.help,
      series: seriesOf(row),
    }));
    expect(shown).toEqual(listed);
  });

  test('name the same labels', async () => {
    const families = await scrape();
    for (const row of catalogueRows()) {
      const names = new Set(families.get(row.name)?.samples.flatMap((sample) => Object.keys(sample.labels)));
      names.delete('le');
      const listed = row.labels.map((label) => label.name).filter((name) => name !== 'label_NAME');
      expect([...names].sort(), row.name).toEqual([...listed].sort());
    }
  });

  test('show process and Node figures, and no family of anybody else', async () => {
    const prefixes = new Set([...(await scrape()).keys()].map((name) => name.split('_')[0]));
    expect(prefixes).toEqual(new Set(['hublet', 'process', 'nodejs']));
  });

  test("show the event loop's delay under prom-client's names, as we measure it", async () => {
    const families = await scrape();
    const figures = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];
    const values = figures.map((figure) => seriesValue(families, `nodejs_eventloop_lag_${figure}_seconds`, {}));
    expect(values).toEqual([0.02, 0.02, 0.02, 0.003, 0.02, 0.02, 0.02]);
    expect(seriesValue(families, 'nodejs_eventloop_lag_seconds', {})).toBeGreaterThanOrEqual(0);
  });

  test('keep to the naming rules', () => {
    for (const { name, type, unit, labels } of catalogueRows()) {
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      if (unit !== undefined) expect(name.replace(/_total$/, '').endsWith(`_${unit}`), name).toBe(true);
      if (type === 'histogram') expect(labels.map((label) => label.name)).not.toContain('server');
    }
  });
});

describe('series of pools', () => {
  test("show what the servers of one use together, under the names of servers' usage", async () => {
    const families = await scrape();
    expect(seriesValue(families, 'hublet_pool_memory_working_set_bytes', { pool: 'gpu' })).toBe(200);
    expect(seriesValue(families, 'hublet_pool_cpu_seconds_total', { pool: 'gpu', mode: 'user' })).toBe(12.5);
    expect(seriesValue(families, 'hublet_pool_oom_kills_total', { pool: 'gpu' })).toBe(5);
    expect(families.get('hublet_pool_memory_limit_bytes')?.help).toBe(
      'Memory limit, above which the kernel kills; absent where none is set.',
    );
    for (const { name, help } of families.values())
      if (name.startsWith('hublet_pool_')) expect(help).not.toMatch(/the server/);
  });

  test('are gone with the pool, follow the level, and are absent before anything was measured', async () => {
    const poolSeries = async () =>
      [...(await scrape()).values()].filter(
        ({ name, samples }) => name.startsWith('hublet_pool_') && samples.length > 0,
      ).length;
    const full = await poolSeries();
    level = 'basic';
    const basic = await poolSeries();
    level = 'off';
    expect(await poolSeries()).toBe(0);
    level = 'full';
    pools = [{ name: 'gpu' }];
    expect(await poolSeries()).toBe(0);
    pools = [];
    expect(await poolSeries()).toBe(0);
    expect(basic).toBeGreaterThan(0);
    expect(full).toBeGreaterThan(basic);
  });
});

describe('per-server series', () => {
  test('are gone at the first scrape after the server is', async () => {
    servers.push(server('bob'));
    expect(serverNames(await scrape())).toContain('bob');
    servers.pop();
    const names = serverNames(await scrape());
    expect(names).toContain('alice');
    expect(names).not.toContain('bob');
  });

  test('have no limit where none is set, and no usage before the first sample', async () => {
    servers = [server('unlimited', { usage: { sampledAtMs: 0, memoryCurrentBytes: 5 } }), bare('fresh')];
    const families = await scrape();
    for (const name of [
      'memory_limit_bytes',
      'memory_high_bytes',
      'cpu_limit_cores',
      'tasks_limit',
      'cpu_seconds_total',
    ]) {
      expect(families.has(`hublet_server_${name}`), name).toBe(false);
    }
    expect(seriesValue(families, 'hublet_server_memory_current_bytes', { server: 'unlimited' })).toBe(5);
    expect(seriesValue(families, 'hublet_server_memory_current_bytes', { server: 'fresh' })).toBeUndefined();
    expect(seriesValue(families, 'hublet_server_start_time_seconds', { server: 'fresh' })).toBeUndefined();
    expect(seriesValue(families, 'hublet_server_oom_kills_total', { server: 'fresh' })).toBe(0);
  });

  test('show one phase as 1 and every other as 0', async () => {
    servers = [server('alice', { phase: 'BackOff' })];
    const samples = (await scrape()).get('hublet_server_phase')?.samples ?? [];
    expect(samples.filter(({ value }) => value === 1).map(({ labels }) => labels.phase)).toEqual(['BackOff']);
    expect(samples.every(({ value }) => value === 0 || value === 1)).toBe(true);
  });

  test('carry the limits, counters and totals they were given', async () => {
    const families = await scrape();
    const of = (name: string, labels = {}) =>
      seriesValue(families, `hublet_server_${name}`, { server: 'alice', ...labels });
    expect(of('cpu_seconds_total', { mode: 'user' })).toBe(12.5);
    expect(of('cpu_seconds_total', { mode: 'system' })).toBe(2.5);
    expect(of('memory_events_total', { event: 'max' })).toBe(3);
    expect(of('memory_limit_bytes')).toBe(1000);
    expect(of('tasks_limit')).toBe(100);
  });

  test('read back any name exactly, in both formats', async () => {
    const name = fc.string({
      unit: fc.constantFrom('a', '"', '\\', '\n', '{', '}', ',', '=', ' ', '€', '\u{1f600}', 'n'),
    });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 6 }), async (names) => {
        servers = names.map((each) => server(each));
        for (const format of ['text', 'openmetrics'] as const) {
          const shown = serverNames(parseExposition(await textOf(registry.render(format))));
          shown.delete(undefined);
          expect(shown).toEqual(new Set(names));
        }
      }),
      { numRuns: 40 },
    );
  });

  test('have allow-listed labels of the spec, prefixed, and never one name twice', async () => {
    const labels = { team: 'physics', 'a.b': '1', 'a-b': '2', server: 'x', 'ünsafe key': 'y' };
    servers = [server('alice', { labels })];
    const info = (await scrape()).get('hublet_server_info')?.samples[0]?.labels;
    expect(info).toMatchObject({ server: 'alice', label_team: 'physics', label_a_b: '1', label_server: 'x' });
  });
});

describe('level', () => {
  test('off leaves out every per-server family and nothing else', async () => {
    level = 'off';
    const families = await scrape();
    expect([...families.keys()].filter((name) => SERVER_ROWS.some((row) => row.name === name))).toEqual([]);
    expect(seriesValue(families, 'hublet_servers', { phase: 'Ready' })).toBe(1);
    expect(seriesValue(families, 'hublet_metrics_truncated')).toBe(0);
  });

  test('basic has the limits and not the details', async () => {
    level = 'basic';
    const families = await scrape();
    expect(families.has('hublet_server_memory_limit_bytes')).toBe(true);
    expect(families.has('hublet_server_memory_anon_bytes')).toBe(false);
  });

  test.each([
    [50, true, true, 0],
    [30, true, false, 1],
    [10, false, false, 1],
  ])('falls by itself at a cap of %i series', async (maxSeries, hasBasic, hasFull, truncated) => {
    const families = await scrape(newRegistry(maxSeries));
    expect(families.has('hublet_server_tasks')).toBe(hasBasic);
    expect(families.has('hublet_server_tasks_limit')).toBe(hasFull);
    expect(seriesValue(families, 'hublet_metrics_truncated')).toBe(truncated);
  });
});

describe('instruments', () => {
  test('show every combination of their labels at 0 from the start', async () => {
    const families = await scrape();
    for (const row of Object.values(INSTRUMENT_ROWS)) {
      const samples = families.get(row.name)?.samples ?? [];
      expect(samples.length, row.name).toBe(seriesOf(row));
      expect(
        samples.every(({ value }) => value === 0),
        row.name,
      ).toBe(true);
    }
  });

  test('count what they are told', async () => {
    const { instruments } = registry;
    instruments.reconciled('waiting', 0.02);
    instruments.queueAdded();
    instruments.queueRetried();
    instruments.queueWaited(0.1);
    instruments.workDone(0.1);
    instruments.acted('start', 'error');
    instruments.drifted('MemoryMax');
    instruments.serverStarted(7);
    instruments.serverExited('oom-kill');
    instruments.dbusReconnected();
    instruments.dbusCalled('StopUnit', 'success', 0.004);
    instruments.sampled(0.2);
    instruments.eventRecorded('OOMKilled');
    const families = await scrape();
    const counted: [string, Record<string, string>][] = [
      ['hublet_reconcile_total', { result: 'waiting' }],
      ['hublet_reconcile_duration_seconds_count', {}],
      ['hublet_workqueue_adds_total', {}],
      ['hublet_workqueue_retries_total', {}],
      ['hublet_workqueue_queue_duration_seconds_count', {}],
      ['hublet_workqueue_work_duration_seconds_count', {}],
      ['hublet_actions_total', { action: 'start', result: 'error' }],
      ['hublet_drift_total', { property: 'MemoryMax' }],
      ['hublet_server_start_duration_seconds_bucket', { le: '10' }],
      ['hublet_server_exits_total', { result: 'oom-kill' }],
      ['hublet_dbus_reconnects_total', {}],
      ['hublet_dbus_calls_total', { method: 'StopUnit', result: 'success' }],
      ['hublet_dbus_call_duration_seconds_count', { method: 'StopUnit' }],
      ['hublet_sample_duration_seconds_count', {}],
      ['hublet_events_total', { reason: 'OOMKilled' }],
    ];
    for (const [name, labels] of counted) expect(seriesValue(families, name, labels), name).toBe(1);
    expect(seriesValue(families, 'hublet_server_start_duration_seconds_bucket', { le: '5' })).toBe(0);
  });

  test('never throw, whatever the number', () => {
    for (const seconds of [Number.NaN, Number.POSITIVE_INFINITY, -1]) {
      registry.instruments.reconciled('success', seconds);
      registry.instruments.dbusCalled('Anything"\n', 'error', seconds);
    }
  });

  test('of one registry are not those of another', async () => {
    registry.instruments.queueAdded();
    expect(seriesValue(await scrape(newRegistry()), 'hublet_workqueue_adds_total')).toBe(0);
  });
});

describe('OpenMetrics', () => {
  test('ends with # EOF and names counters without _total but their samples with it', async () => {
    const text = await textOf(registry.render('openmetrics'));
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    const families = parseExposition(text);
    expect(families.get('hublet_server_cpu_seconds')).toMatchObject({ type: 'counter', unit: 'seconds' });
    expect(seriesValue(families, 'hublet_server_cpu_seconds_total', { mode: 'user' })).toBe(12.5);
    expect(seriesValue(families, 'hublet_server_start_duration_seconds_bucket', { le: '10.0' })).toBe(0);
  });

  test('does not spoil the text format that is asked for after it', async () => {
    const ours = async () => [...(await scrape()).keys()].filter((name) => name.startsWith('hublet_'));
    const before = await ours();
    await textOf(registry.render('openmetrics'));
    expect(await ours()).toEqual(before);
  });

  test('shows the same values as text', async () => {
    const text = await scrape();
    const open = parseExposition(await textOf(registry.render('openmetrics')));
    const ours = (families: ReadonlyMap<string, ParsedFamily>) =>
      [...families.values()]
        .filter(({ name }) => name.startsWith('hublet_'))
        .flatMap(({ samples }) =>
          samples.map(({ name, value, labels: { le, ...labels } }) => ({ name, value, labels })),
        );
    expect(ours(open)).toEqual(ours(text));
  });
});

function bare(name: string): ServerMetrics {
  const { usage, startTimeSeconds, ...rest } = server(name);
  return rest;
}
