/** What many servers ask for together, against what they may. Pure: sums are given, and it says what would be too much. */
import { formatSize } from '../spec/quantities.ts';
import { QUOTA_RESOURCES, type Quota, type QuotaResource, type QuotaUse } from '../spec/quota.ts';
import type { Resources } from '../spec/types.ts';

/** Whole units, so that sums are exact: servers, bytes, bytes, millionths of a core, tasks. Undefined: no limit is set, so there is no sum. */
export type Charge = Readonly<Record<QuotaResource, number | undefined>>;

/** Sums of charges; what has no limit counts as nothing in them. */
export type Sums = Readonly<Record<QuotaResource, number>>;

/** One quota, and whom it counts. */
export interface QuotaScope {
  readonly kind: 'pool' | 'source';
  /** Name of the pool, or path of the source. */
  readonly name: string;
  readonly quota: Quota;
  /** Where the configuration says it, by resource: `pools.gpu.quota.memory`. */
  readonly pathOf: (resource: QuotaResource) => string;
}

export interface QuotaProblem {
  /** unbounded: it has no limit of its own, which no sum can have. exceeded: there is no room for it now. */
  readonly kind: 'unbounded' | 'exceeded';
  /** Which quota, how much is given away, how much is asked, what to do: one sentence. */
  readonly message: string;
}

export const NO_SUMS: Sums = { servers: 0, memory: 0, memoryGuarantee: 0, cpu: 0, tasks: 0 };

const MICROCORES = 1_000_000;

const FIELDS: Readonly<Record<QuotaResource, string>> = {
  servers: 'metadata.name',
  memory: 'spec.resources.memory.limit',
  memoryGuarantee: 'spec.resources.memory.guarantee',
  cpu: 'spec.resources.cpu.limit',
  tasks: 'spec.resources.tasks',
};

/** What one server asks for. No guarantee is a guarantee of nothing. */
export function chargeOf({ memoryMaxBytes, memoryLowBytes, cpuLimitCores, tasksMax }: Resources): Charge {
  return {
    servers: 1,
    memory: memoryMaxBytes,
    memoryGuarantee: memoryLowBytes ?? 0,
    cpu: cpuLimitCores === undefined ? undefined : microcores(cpuLimitCores),
    tasks: tasksMax,
  };
}

/** `sums` with a charge added to it (`sign` 1) or taken from it (-1). */
export function addCharge(sums: Sums, charge: Charge, sign: 1 | -1): Sums {
  const added = QUOTA_RESOURCES.map((resource) => [resource, sums[resource] + sign * (charge[resource] ?? 0)]);
  return Object.fromEntries(added) as Sums;
}

/**
 * What a quota has against a server; undefined: nothing.
 *
 * Who holds an amount keeps it, also where the quota was lowered below the sum: only more than it holds is asked about.
 *
 * @param others what the other servers of the scope hold
 * @param held what the server itself holds in this scope; undefined: nothing
 */
export function quotaProblem(
  scope: QuotaScope,
  asked: Charge,
  others: Sums,
  held: Charge | undefined,
): QuotaProblem | undefined {
  let exceeded: QuotaProblem | undefined;
  for (const resource of QUOTA_RESOURCES) {
    const limit = limitOf(scope.quota, resource);
    if (limit === undefined) continue;
    const amount = asked[resource];
    if (amount === undefined) {
      const message = `needs ${FIELDS[resource]}, in its file or its profile: ${scope.pathOf(resource)} limits the sum of them`;
      return { kind: 'unbounded', message };
    }
    const has = held?.[resource];
    if (others[resource] + amount <= limit || (has !== undefined && amount <= has)) continue;
    exceeded ??= {
      kind: 'exceeded',
      message: exceededWords(scope, resource, { amount, limit, others: others[resource] }),
    };
  }
  return exceeded;
}

/** Each limit of a quota with what is given away of it. */
export function quotaUses({ kind, name, quota }: QuotaScope, sums: Sums): readonly QuotaUse[] {
  return QUOTA_RESOURCES.flatMap((resource) => {
    const limit = limitOf(quota, resource);
    if (limit === undefined) return [];
    const [used, most] = [sums[resource], limit].map((amount) => (resource === 'cpu' ? amount / MICROCORES : amount));
    return [{ scope: kind, name, resource, used: used ?? 0, limit: most ?? 0 }];
  });
}

/** In the units of a charge; undefined: any amount. */
function limitOf(quota: Quota, resource: QuotaResource): number | undefined {
  switch (resource) {
    case 'servers':
      return quota.servers;
    case 'memory':
      return quota.memoryMaxBytes;
    case 'memoryGuarantee':
      return quota.memoryLowBytes;
    case 'cpu':
      return quota.cpuLimitCores === undefined ? undefined : microcores(quota.cpuLimitCores);
    case 'tasks':
      return quota.tasksMax;
  }
}

function microcores(cores: number): number {
  return Math.round(cores * MICROCORES);
}

interface Amounts {
  readonly amount: number;
  readonly limit: number;
  readonly others: number;
}

function exceededWords({ kind, name, pathOf }: QuotaScope, resource: QuotaResource, amounts: Amounts): string {
  const [amount, limit, others] = [amounts.amount, amounts.limit, amounts.others].map((n) => words(resource, n));
  const place = kind === 'pool' ? `the pool ${name}` : `the source ${name}`;
  const path = pathOf(resource);
  if (resource === 'servers') {
    return `${path}: ${place} has ${others} of ${limit} servers already; it is admitted when one of them goes, or when the quota is raised`;
  }
  if (amounts.amount > amounts.limit) {
    return `${path}: asks for ${amount}, and all servers of ${place} together may have ${limit}; lower ${FIELDS[resource]}, or raise the quota`;
  }
  return `${path}: asks for ${amount}, and ${others} of the ${limit} for ${place} are given to other servers; it is admitted when one of them goes or asks for less, or when the quota is raised`;
}

function words(resource: QuotaResource, amount: number): string {
  switch (resource) {
    case 'memory':
    case 'memoryGuarantee':
      return formatSize(amount);
    case 'cpu':
      return `${amount / MICROCORES} cores`;
    case 'servers':
    case 'tasks':
      return String(amount);
  }
}
