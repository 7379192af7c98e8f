import type { Policy } from '../admission/policy.ts';
import type { Pools } from '../spec/pool.ts';
import type { Profile } from '../spec/schema.ts';
import { resolvePolicies } from './policies.ts';
import { resolveDefaultPool, resolvePools } from './pools.ts';
import type { ConfigDocument } from './schema.ts';

/** The parts of a configuration that only files can give. Apart, because reading them takes the whole schema of a server. */
export interface Sections {
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly defaultProfile?: string;
  readonly policies: Readonly<Record<string, Policy>>;
  readonly pools: Pools;
  readonly defaultPool?: string;
}

/** What merged files say; they have no problems. */
export function resolveSections(document: ConfigDocument): Sections {
  const { profiles = {}, defaultProfile, policies = {} } = document;
  const pools = resolvePools(document.pools);
  const defaultPool = resolveDefaultPool(document.defaultPool, pools);
  return {
    profiles,
    ...(defaultProfile === undefined ? {} : { defaultProfile }),
    policies: resolvePolicies(policies),
    pools,
    ...(defaultPool === undefined ? {} : { defaultPool }),
  };
}
