import type { Pool, Pools } from '../spec/pool.ts';
import { suggest } from '../spec/suggest.ts';
import { refusalOf, type UserManagerFacts } from './userMode.ts';

export type PoolChoice =
  /** Undefined: none, directly in hublet.slice. */
  | { readonly kind: 'pool'; readonly pool: string | undefined }
  /** `message` says which field and what to do. */
  | { readonly kind: 'unknown'; readonly message: string };

/**
 * The pool of a server: the one that its spec names, else the default one. A name that is no pool is refused: a slipped
 * letter would silently take the server out of its limits.
 */
export function choosePool(wanted: string | undefined, pools: Pools, defaultPool: string | undefined): PoolChoice {
  const pool = wanted ?? defaultPool;
  if (pool === undefined || pools.has(pool)) return { kind: 'pool', pool };
  const known = [...pools.keys()].sort();
  const near = suggest(pool, known);
  const question = near === undefined ? '' : `, did you mean ${near}?`;
  const present = known.length === 0 ? 'which has none' : `which has ${known.join(', ')}`;
  return {
    kind: 'unknown',
    message: `spec.pool: there is no pool ${pool}${question} (pools are in the configuration, ${present})`,
  };
}

/** What of a pool's limits a user manager can't keep, so that its servers would run without; undefined: nothing. */
export function poolProblem(name: string, pool: Pool, facts: UserManagerFacts): string | undefined {
  for (const [field, property, value] of [
    ['memory.limit', 'MemoryMax', pool.memoryMax],
    ['memory.high', 'MemoryHigh', pool.memoryHigh],
    ['memory.guarantee', 'MemoryLow', pool.memoryLow],
    ['memory.swap', 'MemorySwapMax', pool.memorySwapMaxBytes],
    ['cpu.limit', 'CPUQuotaPerSecUSec', pool.cpuLimit],
    ['cpu.weight', 'CPUWeight', pool.cpuWeight],
    ['cpu.cpus', 'AllowedCPUs', pool.allowedCpus],
    ['tasks', 'TasksMax', pool.tasksMax],
    ['io.weight', 'IOWeight', pool.ioWeight],
  ] as const) {
    const why = value === undefined ? undefined : refusalOf(property, facts);
    if (why !== undefined) return `spec.pool: pools.${name}.${field} of the configuration can't be kept: ${why}`;
  }
  return undefined;
}
