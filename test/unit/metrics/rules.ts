import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectDirectory } from '../../machine/places.ts';

/** Files as Prometheus and Grafana read them, as far as tests look at them. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export const metricsDirectory = join(projectDirectory, 'metrics');
export const runbookDirectory = join(projectDirectory, 'docs/runbook');

export function readAlerts(): readonly AlertRule[] {
  return rulesOf('alerts.yml') as readonly AlertRule[];
}

export function readRecordings(): readonly RecordingRule[] {
  return rulesOf('recording.yml') as readonly RecordingRule[];
}

/** Names of the alerts that tests of promtool look at while they fire. */
export function alertsSeenFiring(files: readonly string[]): ReadonlySet<string> {
  const tests = files.flatMap((file) => (readYaml(`tests/${file}`) as { readonly tests: readonly RuleTest[] }).tests);
  const checks = tests.flatMap((each) => each.alert_rule_test ?? []);
  return new Set(checks.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname));
}

/** Names of recorded series that tests of promtool compare. */
export function recordsCompared(files: readonly string[]): ReadonlySet<string> {
  const tests = files.flatMap((file) => (readYaml(`tests/${file}`) as { readonly tests: readonly RuleTest[] }).tests);
  return new Set(tests.flatMap((each) => each.promql_expr_test ?? []).map(({ expr }) => expr));
}

/** Every query of the dashboard: of panels, annotations and variables, each with what it belongs to. */
export function dashboardQueries(): readonly {
  readonly where: string;
  readonly expr: string;
  readonly text: string;
}[] {
  const dashboard = JSON.parse(readFileSync(join(metricsDirectory, 'dashboard.json'), 'utf8')) as Dashboard;
  const panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ where: title, expr, text: legendFormat ?? '' })),
  );
  const annotations = dashboard.annotations.list.map(({ name, expr }) => ({ where: name, expr, text: '' }));
  const variables = dashboard.templating.list.flatMap(({ name, definition }) => {
    const [, expr, label] = /^label_values\((.*), (\w+)\)$/.exec(definition ?? '') ?? [];
    return expr === undefined ? [] : [{ where: `$${name}`, expr, text: `{{${label}}}` }];
  });
  return [...panels, ...annotations, ...variables];
}

/** The query as Grafana sends it, with everything chosen. */
export function withVariables(expr: string): string {
  return expr.replaceAll(/\$(?:instance|server)\b/g, '.+').replaceAll('$__rate_interval', '1m');
}

/** One file of metrics/rules as it is. */
export function readRuleFile(file: string): {
  readonly groups: readonly { readonly name: string; readonly rules: readonly (AlertRule | RecordingRule)[] }[];
} {
  return readYaml(`rules/${file}`) as ReturnType<typeof readRuleFile>;
}

function rulesOf(file: string): readonly unknown[] {
  return readRuleFile(file).groups.flatMap(({ rules }) => rules);
}

function readYaml(file: string): unknown {
  return parse(readFileSync(join(metricsDirectory, file), 'utf8'));
}

interface RuleTest {
  readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  readonly promql_expr_test?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat?: string }[];
  }[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}
