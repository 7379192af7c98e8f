/** Pools in the configuration: what a person may write of one, and what it asks for. It only judges and reads. */
import * as z from 'zod';
import {
  type Amount,
  PERCENT_PATTERN,
  type Pool,
  type Pools,
  parseCpuAmount,
  parseMemoryAmount,
  poolNameProblem,
} from '../spec/pool.ts';
import {
  CORES_PATTERN,
  CPUS_PATTERN,
  parseCpus,
  parseSizeBytes,
  QuantityError,
  SIZE_PATTERN,
} from '../spec/quantities.ts';
import { field, quantity, text } from '../spec/rule.ts';
import { poolQuotaSchema, resolveQuota } from './quotas.ts';

/** The pool of servers that name none, where the configuration names none either, if there is one of this name. */
export const USUAL_DEFAULT_POOL = 'default';

const MIN_MEMORY_BYTES = 16 * 1024 ** 2;
const MAX_TASKS = 4_194_304;

const memoryAmount = (minimumBytes: number) =>
  amount(parseMemoryAmount, SIZE_PATTERN, (bytes) => {
    if (bytes >= minimumBytes) return undefined;
    return minimumBytes === 1 ? 'must be more than zero' : 'must be at least 16M: with less nothing starts';
  });

const memorySchema = z
  .strictObject({
    limit: field(
      memoryAmount(MIN_MEMORY_BYTES),
      'Most memory that its servers use together, such as 64G or 80% of the host; at it the kernel kills in the servers that use most (MemoryMax=). By default no limit.',
    ),
    high: field(
      memoryAmount(MIN_MEMORY_BYTES),
      'Above this its servers are slowed down and their memory reclaimed, a size or a percentage of the host (MemoryHigh=). By default no limit.',
    ),
    guarantee: field(
      memoryAmount(1),
      'Memory below this is reclaimed from others first, a size or a percentage of the host; where the guarantees of its running servers are more together, those count (MemoryLow=). By default just those.',
    ),
    swap: field(
      quantity(parseSizeBytes, SIZE_PATTERN),
      'Most swap that its servers use together (MemorySwapMax=). By default no limit but those of the servers.',
    ),
  })
  .superRefine(({ limit, high, guarantee }, context) => {
    for (const [name, value] of [
      ['high', high],
      ['guarantee', guarantee],
    ] as const) {
      if (limit === undefined || value === undefined || !isMore(value, limit)) continue;
      context.addIssue({ code: 'custom', message: `must not be more than the limit, ${limit}`, path: [name] });
    }
  });

const cpuSchema = z.strictObject({
  limit: field(
    amount(parseCpuAmount, CORES_PATTERN, () => undefined),
    'Most CPU time of its servers together, in cores or as a percentage of all the CPUs of the host: on 8 CPUs 75% is 6 cores (CPUQuota=). By default no limit.',
  ),
  weight: field(
    z.int().min(1).max(10_000),
    'Share of the CPU under contention with the other pools, 1-10000; 100 is usual (CPUWeight=). By default 100.',
  ),
  cpus: field(
    quantity(parseCpus, CPUS_PATTERN),
    'CPUs that its servers may run on, such as 0-3,5 (AllowedCPUs=). By default all.',
  ),
});

/** One pool. */
export const poolSchema = z.strictObject({
  memory: field(memorySchema, 'Memory of its servers together.'),
  cpu: field(cpuSchema, 'CPU of its servers together.'),
  tasks: field(
    z.int().min(1).max(MAX_TASKS),
    'Most processes and threads of its servers together (TasksMax=). By default no limit.',
  ),
  io: field(
    z.strictObject({
      weight: field(
        z.int().min(1).max(10_000),
        'Share of the disks under contention with the other pools, 1-10000 (IOWeight=). By default 100.',
      ),
    }),
    'Disk use of its servers together.',
  ),
  quota: field(
    poolQuotaSchema,
    'What its servers may ask for together, whether they run or not; one that asks for more waits (QuotaExceeded), and what was admitted stays. By default anything.',
  ),
});

/** `pools` of the configuration. */
export const poolsSchema = z.record(text(poolNameProblem), poolSchema);

/** `defaultPool` of the configuration. */
export const defaultPoolSchema = text(poolNameProblem);

/** Documentation of both fields. */
export const POOL_FIELDS = {
  pools:
    'Groups of servers with limits for each group as a whole, by name: a server with pool: gpu runs in hublet-gpu.slice. Limits change on running servers; lowering a memory limit waits until it leaves room for what is used. A server that names a pool that is not here is refused, since it would run without its limits. {} is a pool without limits.',
  defaultPool:
    'Pool of servers that name none. By default the pool called default if there is one, else none: such servers are in hublet.slice itself, whose limits are set with systemctl.',
} as const;

/** A pool as a file has it. */
export type PoolDocument = z.infer<typeof poolSchema>;

/** What the documents ask for. They are ones that the schema accepts. */
export function resolvePools(documents: Readonly<Record<string, PoolDocument>> | undefined): Pools {
  return new Map(Object.entries(documents ?? {}).map(([name, document]) => [name, resolvePool(document)]));
}

/**
 * The default pool: the one named, else the one called `default`; undefined: none.
 *
 * A name that is no pool is given back as it is: `defaultPoolProblem` says what is wrong with it.
 */
export function resolveDefaultPool(named: string | undefined, pools: Pools): string | undefined {
  return named ?? (pools.has(USUAL_DEFAULT_POOL) ? USUAL_DEFAULT_POOL : undefined);
}

/** What is wrong with `defaultPool` once all files are merged, or undefined. */
export function defaultPoolProblem(named: string | undefined, pools: Pools): string | undefined {
  if (named === undefined || pools.has(named)) return undefined;
  const known = [...pools.keys()].sort().join(', ');
  return `defaultPool: there is no pool ${named}: add it to pools, or name one of ${known === '' ? 'those that are there (none yet)' : known}`;
}

function resolvePool({ memory, cpu, tasks, io, quota }: PoolDocument): Pool {
  return {
    ...optional('memoryMax', memory?.limit, parseMemoryAmount),
    ...optional('memoryHigh', memory?.high, parseMemoryAmount),
    ...optional('memoryLow', memory?.guarantee, parseMemoryAmount),
    ...optional('memorySwapMaxBytes', memory?.swap, parseSizeBytes),
    ...optional('cpuLimit', cpu?.limit, parseCpuAmount),
    ...optional('cpuWeight', cpu?.weight, (weight) => weight),
    ...optional('allowedCpus', cpu?.cpus, parseCpus),
    ...optional('tasksMax', tasks, (count) => count),
    ...optional('ioWeight', io?.weight, (weight) => weight),
    ...optional('quota', quota, resolveQuota),
  };
}

/** `pattern` is that of an exact amount, and `exactProblem` judges one. */
function amount(
  parse: (value: string | number) => Amount,
  pattern: RegExp,
  exactProblem: (amount: number) => string | undefined,
) {
  const checked = (value: string | number): Amount => {
    const parsed = parse(value);
    const problem = parsed.kind === 'exact' ? exactProblem(parsed.amount) : undefined;
    if (problem !== undefined) throw new QuantityError(problem);
    return parsed;
  };
  return quantity(checked, new RegExp(`(?:${pattern.source})|(?:${PERCENT_PATTERN.source})`));
}

/** Whether one amount is more than another; a size and a percentage can't be compared before the host is known. */
function isMore(one: string | number, other: string | number): boolean {
  try {
    const [a, b] = [parseMemoryAmount(one), parseMemoryAmount(other)];
    if (a.kind === 'exact') return b.kind === 'exact' && a.amount > b.amount;
    return b.kind === 'ofHost' && a.percent > b.percent;
  } catch (error) {
    // What is no amount is refused on its own.
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

/** The field with its parsed value, or nothing where it is not written. */
function optional<K extends string, V, R>(name: K, value: V | undefined, parse: (value: V) => R): { [P in K]?: R } {
  return value === undefined ? {} : ({ [name]: parse(value) } as { [P in K]?: R });
}
