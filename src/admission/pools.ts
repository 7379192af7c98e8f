import type { Pools } from '../spec/pool.ts';
import { suggest } from '../spec/suggest.ts';

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
