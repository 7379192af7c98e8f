import type { MetricRow } from './row.ts';
import { SERVER_ROWS, type UsageMetricName } from './server.ts';

/** What a server's family of usage is called for pools. */
type PoolName<Name extends string> = Name extends `hublet_server_${infer Rest}` ? `hublet_pool_${Rest}` : never;

export type PoolMetricName = PoolName<UsageMetricName> | 'hublet_pool_oom_kills_total';

export interface PoolRow extends MetricRow {
  readonly name: PoolMetricName;
  /** The server's family that it is read as; absent: of its own. */
  readonly like?: UsageMetricName;
}

const isUsageRow = (
  row: (typeof SERVER_ROWS)[number],
): row is Extract<typeof row, { readonly name: UsageMetricName }> =>
  /^hublet_server_(?:cpu|memory|tasks|io|pressure)/.test(row.name);

/** One set of series for each pool: the servers' families of usage, of the slice that holds them. */
export const POOL_ROWS: readonly PoolRow[] = [
  ...SERVER_ROWS.filter(isUsageRow).map((row: MetricRow & { readonly name: UsageMetricName }) => ({
    ...row,
    name: row.name.replace('hublet_server_', 'hublet_pool_') as PoolMetricName,
    like: row.name,
    help: row.help.replaceAll(/\bserver\b/g, 'pool').replace('the unit started', 'its slice was made'),
    labels: row.labels.map((label) => (label.name === 'server' ? { name: 'pool' } : label)),
  })),
  {
    name: 'hublet_pool_oom_kills_total',
    type: 'counter',
    labels: [{ name: 'pool' }],
    help: "Processes in the pool that the kernel killed for memory, for the pool's limit or for their server's.",
    level: 'basic',
    source: 'memory.events: oom_kill',
  },
];
