import { POOL_ROWS, type PoolRow } from './catalogue/pool.ts';
import { labelText, type MetricFamily, type Sample } from './exposition.ts';
import { isOfLevel, type MetricsLevel, readUsage } from './serverFamilies.ts';
import type { PoolMetrics } from './types.ts';

/** The families of a level for the given pools alone: one that is not among them has no series. */
export function poolFamilies(pools: readonly PoolMetrics[], level: MetricsLevel): readonly MetricFamily[] {
  return POOL_ROWS.filter((row) => isOfLevel(row, level)).map((row) => ({
    ...row,
    samples: pools.flatMap((pool) => samplesOf(row, pool)),
  }));
}

function samplesOf({ like }: PoolRow, { name, usage }: PoolMetrics): readonly Sample[] {
  if (usage === undefined) return [];
  const pool = labelText('pool', name);
  if (like === undefined) {
    return usage.memoryEvents === undefined ? [] : [{ labels: pool, value: usage.memoryEvents.oomKill }];
  }
  return readUsage(like, usage).map(({ labels, value }) => ({
    labels: labels === undefined ? pool : `${pool},${labels}`,
    value,
  }));
}
