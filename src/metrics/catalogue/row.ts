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

/** What one figure costs at each sample of a server: nothing, one file read, or a file for which the kernel adds up all CPUs. */
export function costOf(row: MetricRow): 'none' | 'read' | 'sum' {
  if (/\b(?:cpu|memory|io)\.stat\b/.test(row.source)) return 'sum';
  return /\b(?:cpu|memory|pids|io)\.[a-z.]+/.test(row.source) ? 'read' : 'none';
}

/** How many series a row makes for each server, source and so on: the product of its labels' values, times its buckets. */
export function seriesOf(row: MetricRow): number {
  const combinations = row.labels.reduce((product, label) => product * (label.values?.length ?? 1), 1);
  // Besides the buckets: +Inf, _sum and _count.
  return combinations * (row.type === 'histogram' ? (row.buckets?.length ?? 0) + 3 : 1);
}
