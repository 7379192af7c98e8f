/**
 * The two text formats of a scrape. Both are rendered here, because prom-client fixes one for each registry and renames its
 * counters for good when it renders the other.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/ (text 0.0.4)
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/ (1.0.0)
 */

export type ExpositionFormat = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

export interface MetricFamily {
  /** With `_total` where it is a counter. */
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram' | 'summary';
  readonly help: string;
  /** Base unit that the name ends in; absent: none. */
  readonly unit?: string;
  /** Gone through once. */
  readonly samples: Iterable<Sample>;
}

export interface Sample {
  /** `_bucket`, `_sum` or `_count` of a histogram; absent: the family's own name. */
  readonly suffix?: string;
  /** Text between the braces, made by `labelText`; empty: none. */
  readonly labels: string;
  readonly value: number;
}

/** One label with its value escaped, as it stands between the braces; both formats write it alike. */
export function labelText(name: string, value: string): string {
  return `${name}="${escapeQuoted(value)}"`;
}

/** The lines of one family, each ended. Empty where it has no samples: a family without series says nothing. */
export function renderFamily(family: MetricFamily, format: ExpositionFormat): string {
  const isOpen = format === 'openmetrics';
  const isCounter = family.type === 'counter';
  const stem = isCounter ? family.name.replace(/_total$/, '') : family.name;
  const name = isOpen ? stem : family.name;
  const series = isOpen && isCounter ? `${stem}_total` : family.name;

  let lines = '';
  for (const { suffix, labels, value } of family.samples) {
    const sampleName = suffix === undefined ? series : series + suffix;
    lines += labels === '' ? `${sampleName} ${numberText(value)}\n` : `${sampleName}{${labels}} ${numberText(value)}\n`;
  }
  if (lines === '') return '';
  const help = `# HELP ${name} ${isOpen ? escapeQuoted(family.help) : escapeHelp(family.help)}\n`;
  const hasUnit = isOpen && family.unit !== undefined && stem.endsWith(`_${family.unit}`);
  const unit = hasUnit ? `# UNIT ${name} ${family.unit}\n` : '';
  return `${help}# TYPE ${name} ${family.type}\n${unit}${lines}`;
}

/** What ends a scrape: OpenMetrics says so, so that a cut answer is noticed. */
export function renderEnd(format: ExpositionFormat): string {
  return format === 'openmetrics' ? '# EOF\n' : '';
}

/** A bucket's bound as a label value; OpenMetrics writes it as a float. */
export function boundText(bound: number | string, format: ExpositionFormat): string {
  const text = typeof bound === 'number' ? numberText(bound) : bound;
  return format === 'openmetrics' && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeQuoted(text: string): string {
  return /["\\\n]/.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text;
}
