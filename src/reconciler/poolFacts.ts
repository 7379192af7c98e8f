import { choosePool, poolProblem } from '../admission/pools.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { NotAdmitted } from './admitter.ts';
import type { AdmissionPorts } from './ports.ts';

/** What an admin may grant a user manager is asked again after this time. */
const REFUSED_RETRY_MS = 60_000;

export type PoolFact = { readonly kind: 'pool'; readonly pool: string | undefined } | NotAdmitted;

/** The pool that a server is to be in, as the configuration has it now; undefined: none. One that can't be had is a refusal. */
export function findPool(spec: ServerSpec, { config, userManager }: AdmissionPorts): PoolFact {
  const choice = choosePool(spec.pool, config.pools, config.defaultPool);
  const refuse = (message: string, retry: { readonly retryAfterMs?: number } = {}): PoolFact => ({
    kind: 'refused',
    condition: 'Accepted',
    reason: 'SchemaError',
    message,
    ...retry,
  });
  if (choice.kind === 'unknown') return refuse(choice.message);
  const { pool } = choice;
  const limits = pool === undefined ? undefined : config.pools.get(pool);
  const facts = userManager?.facts();
  if (pool === undefined || limits === undefined || facts === undefined) return choice;
  const problem = poolProblem(pool, limits, facts);
  return problem === undefined ? choice : refuse(problem, { retryAfterMs: REFUSED_RETRY_MS });
}
