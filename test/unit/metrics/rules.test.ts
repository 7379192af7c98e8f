import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { MetricRow } from '../../../src/metrics/catalogue/row.ts';
import { catalogueRows } from '../../../src/metrics/catalogue.ts';
import { createMetricsRegistry } from '../../../src/metrics/registry.ts';
import { measuredDelay } from '../../fakes/delays.ts';
import { parseExposition } from './exposition.ts';
import { type Expression, readExpression } from './promql.ts';
import {
  alertsSeenFiring,
  dashboardQueries,
  metricsDirectory,
  readAlerts,
  readRecordings,
  recordsCompared,
  runbookDirectory,
  withVariables,
} from './rules.ts';
import { snapshot } from './snapshot.ts';

/** What Prometheus itself adds to each target, with the labels of each series. */
const OF_PROMETHEUS = ['up', 'scrape_samples_scraped', 'scrape_duration_seconds'];
const TARGET_LABELS = ['job', 'instance'];

const rows = new Map<string, MetricRow>(catalogueRows().map((row) => [row.name, row]));
const records = new Map(readRecordings().map((rule) => [rule.record, rule]));
const alerts = readAlerts();
const processFamilies = new Set(
  [
    ...parseExposition(
      await textOf(
        createMetricsRegistry({
          build: { version: '0', nodeVersion: 'v0' },
          level: () => 'off',
          snapshot: () => snapshot([]),
          loopDelay: measuredDelay(),
        }).render('text'),
      ),
    ).keys(),
  ].filter((name) => !name.startsWith('hublet_')),
);
const testFiles = readdirSync(join(metricsDirectory, 'tests'));

/** Labels of a series, and all values of those that have a known set. @throws where there is no such metric */
function labelsOf(metric: string): ReadonlyMap<string, readonly string[] | undefined> {
  const record = records.get(metric);
  if (record !== undefined) {
    return new Map(readExpression(record.expr).selectors.flatMap((selector) => [...labelsOf(selector.metric)]));
  }
  const target = TARGET_LABELS.map((name) => [name, undefined] as const);
  if (OF_PROMETHEUS.includes(metric) || processFamilies.has(metric)) return new Map(target);
  const row = rows.get(metric) ?? rows.get(metric.replace(/_(?:bucket|sum|count)$/, ''));
  if (row === undefined || (rows.get(metric) === undefined) !== (row.type === 'histogram')) {
    throw new Error(`no such metric: ${metric}`);
  }
  const own = row.labels.map(({ name, values }) => [name, values] as const);
  return new Map([...target, ...own, ...(metric.endsWith('_bucket') ? [['le', undefined] as const] : [])]);
}

/** What is wrong with the names in an expression; none: nothing. */
function faultsOf(text: string): readonly string[] {
  const { selectors, groupings }: Expression = readExpression(withVariables(text));
  const all = new Set(selectors.flatMap(({ metric }) => [...labelsOf(metric).keys()]));
  return [
    ...groupings.filter((label) => !all.has(label)).map((label) => `grouped by ${label}, which nothing has`),
    ...selectors.flatMap(({ metric, matchers }) => {
      const labels = labelsOf(metric);
      return matchers.flatMap(({ label, operator, value }) => {
        if (!labels.has(label)) return [`${metric} has no label ${label}`];
        const values = labels.get(label);
        return operator === '=' && values?.includes(value) === false ? [`${metric}: no ${label} is ${value}`] : [];
      });
    }),
  ];
}

/** Labels that a text takes from the series of its expression, and that these don't have. */
function unknownLabels(text: string, expr: string): readonly string[] {
  const known = new Set(
    readExpression(withVariables(expr)).selectors.flatMap(({ metric }) => [...labelsOf(metric).keys()]),
  );
  const named = [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label = '']) => label);
  return named.filter((label) => !known.has(label));
}

describe('names in rules and on the dashboard', () => {
  test.each(readRecordings())('of $record are in the catalogue', ({ record, expr }) => {
    expect(faultsOf(expr)).toEqual([]);
    expect(record).toMatch(/^(?:server|pool|instance):hublet_[a-z_]+:[a-z0-9_]+$/);
  });

  test.each(alerts)('of $alert are in the catalogue', ({ expr, annotations }) => {
    expect(faultsOf(expr)).toEqual([]);
    expect(unknownLabels(`${annotations.summary} ${annotations.description}`, expr)).toEqual([]);
  });

  test.each(dashboardQueries())('of the panel "$where" are in the catalogue: $expr', ({ expr, text }) => {
    expect(faultsOf(expr)).toEqual([]);
    expect(unknownLabels(text, expr)).toEqual([]);
  });

  test.each([
    'hublet_server_memory_curent_bytes',
    'hublet_server_tasks{user="alice"}',
    'hublet_servers{phase="Redy"}',
    'sum by (servr) (hublet_server_tasks)',
    'hublet_server_start_duration_seconds > 1',
    'hublet_server_tasks_bucket',
    'nodejs_active_handles_total',
  ])('that are mistyped are found: %s', (expr) => {
    const look = () => {
      const faults = faultsOf(expr);
      if (faults.length > 0) throw new Error(faults.join());
    };
    expect(look).toThrow();
  });
});

describe('alerts', () => {
  test.each(alerts)('$alert says how bad it is, what it is and where to read on', ({ labels, annotations, alert }) => {
    expect(['info', 'warning', 'critical']).toContain(labels.severity);
    expect(annotations.summary).toContain('{{ $labels.instance }}');
    expect(annotations.description).toMatch(/\.$/);
    expect(annotations.runbook_url).toBe(`docs/runbook/${alert}.md`);
  });

  test.each(alerts)('$alert has a page that says what it means, what to run and how it ends', ({ alert, expr }) => {
    const page = readFileSync(join(runbookDirectory, `${alert}.md`), 'utf8');
    expect(page).toMatch(
      /^# \w+\n\nSeverity .+\n\n## What it means\n\n.{80,}\n\n## What to run\n\n.*```console\n# .+\n\n## How it ends\n\n.{20,}\n$/s,
    );
    expect(page).toContain(`# ${alert}\n`);
    expect(page).toContain(`\`${expr}\``);
    const links = [...page.matchAll(/\]\((\w+\.md)\)/g)].map(([, file = '']) => file);
    expect(links.filter((file) => !readdirSync(runbookDirectory).includes(file))).toEqual([]);
  });

  test('have no page of one that is gone, and all are in the list', () => {
    const pages = readdirSync(runbookDirectory).filter((file) => file !== 'README.md');
    expect(pages.sort()).toEqual(alerts.map(({ alert }) => `${alert}.md`).sort());
    const list = readFileSync(join(runbookDirectory, 'README.md'), 'utf8');
    for (const { alert, labels } of alerts) expect(list).toContain(`| [${alert}](${alert}.md) | ${labels.severity} |`);
  });

  test('and recorded series are each seen at work by a test of promtool', () => {
    expect([...alertsSeenFiring(testFiles)].sort()).toEqual(alerts.map(({ alert }) => alert).sort());
    expect([...recordsCompared(testFiles)].sort()).toEqual([...records.keys()].sort());
  });
});
