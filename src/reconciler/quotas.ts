import type { Policy } from '../admission/policy.ts';
import { choosePool } from '../admission/pools.ts';
import {
  addCharge,
  type Charge,
  chargeOf,
  NO_SUMS,
  type QuotaScope,
  quotaProblem,
  quotaUses,
  type Sums,
} from '../admission/quota.ts';
import type { Config } from '../config/types.ts';
import type { SpecDenial } from '../source/types.ts';
import { canonicalJson } from '../spec/canonical.ts';
import type { QuotaUse } from '../spec/quota.ts';
import type { ServerSpec } from '../spec/types.ts';

/** A server that quotas are asked about, or that holds its part of them. */
export interface QuotaQuestion {
  readonly name: string;
  /** The directory that it comes from. */
  readonly source: string;
  readonly spec: ServerSpec;
}

interface Holding extends QuotaQuestion {
  readonly charge: Charge;
}

/** What of the configuration quotas are made from. */
export type QuotaConfig = Pick<Config, 'pools' | 'defaultPool' | 'sources'>;

/** Room comes with an event; this heals what none told of. */
const RETRY_MS = 60_000;

/**
 * Keeps account of what admitted servers hold of each quota. Only a decision adds to it and only the end of a server takes
 * from it, so that what is admitted never exceeds a quota, but for what was admitted before there was one.
 */
export class Quotas {
  readonly #configInForce: () => QuotaConfig;
  readonly #holdings = new Map<string, Holding>();
  /** By kind and name of the scope; made anew when pools change, as a server may be in another one then. */
  #sums = new Map<string, Sums>();
  #config: QuotaConfig | undefined;
  #poolKey = '';

  constructor(config: () => QuotaConfig) {
    this.#configInForce = config;
  }

  /** Names what of the configuration pools' quotas are made from: another text, another judgement. */
  key(): string {
    this.#refresh();
    return this.#poolKey;
  }

  /** Whether any quota counts the server: what it holds must then be known to the next controller too. */
  concerns({ source, spec }: QuotaQuestion, policy: Policy): boolean {
    return this.#scopes(source, spec, policy).length > 0;
  }

  /** Why there is no room for it; undefined: there is, or it asks for no more than it holds. */
  judge({ name, source, spec }: QuotaQuestion, policy: Policy): SpecDenial | undefined {
    this.#refresh();
    const asked = chargeOf(spec.resources);
    const holding = this.#holdings.get(name);
    let exceeded: SpecDenial | undefined;
    for (const scope of this.#scopes(source, spec, policy)) {
      const place = placeOf(scope);
      const held = holding !== undefined && this.#places(holding).includes(place) ? holding.charge : undefined;
      const sums = this.#sums.get(place) ?? NO_SUMS;
      const problem = quotaProblem(scope, asked, held === undefined ? sums : addCharge(sums, held, -1), held);
      if (problem?.kind === 'unbounded') {
        return { condition: 'Admitted', reason: 'PolicyDenied', message: problem.message };
      }
      if (problem === undefined) continue;
      exceeded ??= {
        condition: 'Admitted',
        reason: 'QuotaExceeded',
        message: problem.message,
        retryAfterMs: RETRY_MS,
      };
    }
    return exceeded;
  }

  /** It is admitted: what it asks for is its own. @returns whether that left more room somewhere than was there before */
  hold(question: QuotaQuestion): boolean {
    this.#refresh();
    const before = this.#holdings.get(question.name);
    if (before?.spec === question.spec && before.source === question.source) return false;
    if (before !== undefined) this.#count(before, -1);
    const holding = { ...question, charge: chargeOf(question.spec.resources) };
    this.#holdings.set(question.name, holding);
    this.#count(holding, 1);
    return before !== undefined;
  }

  /** It is gone. @returns whether it held anything */
  release(name: string): boolean {
    this.#refresh();
    const holding = this.#holdings.get(name);
    if (holding === undefined) return false;
    this.#count(holding, -1);
    return this.#holdings.delete(name);
  }

  /** All quotas with what is given away of them. */
  uses(): readonly QuotaUse[] {
    this.#refresh();
    const { pools, sources } = this.#configInForce();
    const scopes = [
      ...[...pools].flatMap(([name]) => poolScope(name, this.#configInForce())),
      ...sources.flatMap(({ path, policy }) => sourceScope(path, policy)),
    ];
    return scopes.flatMap((scope) => quotaUses(scope, this.#sums.get(placeOf(scope)) ?? NO_SUMS));
  }

  #refresh(): void {
    const config = this.#configInForce();
    if (config === this.#config) return;
    this.#config = config;
    const key = canonicalJson({
      pools: [...config.pools].map(([name, { quota }]) => [name, quota ?? null]),
      defaultPool: config.defaultPool ?? null,
    });
    if (key === this.#poolKey) return;
    this.#poolKey = key;
    this.#sums = new Map();
    for (const holding of this.#holdings.values()) this.#count(holding, 1);
  }

  #count(holding: Holding, sign: 1 | -1): void {
    for (const place of this.#places(holding)) {
      this.#sums.set(place, addCharge(this.#sums.get(place) ?? NO_SUMS, holding.charge, sign));
    }
  }

  #places({ source, spec }: QuotaQuestion): readonly string[] {
    const pool = this.#poolOf(spec);
    return [`source ${source}`, ...(pool === undefined ? [] : [`pool ${pool}`])];
  }

  #scopes(source: string, spec: ServerSpec, policy: Policy): readonly QuotaScope[] {
    const pool = this.#poolOf(spec);
    return [...sourceScope(source, policy), ...(pool === undefined ? [] : poolScope(pool, this.#configInForce()))];
  }

  #poolOf({ pool }: ServerSpec): string | undefined {
    const { pools, defaultPool } = this.#configInForce();
    const choice = choosePool(pool, pools, defaultPool);
    return choice.kind === 'pool' ? choice.pool : undefined;
  }
}

function placeOf({ kind, name }: QuotaScope): string {
  return `${kind} ${name}`;
}

function poolScope(name: string, { pools }: QuotaConfig): readonly QuotaScope[] {
  const quota = pools.get(name)?.quota;
  if (quota === undefined) return [];
  return [{ kind: 'pool', name, quota, pathOf: (resource) => `pools.${name}.quota.${resource}` }];
}

function sourceScope(path: string, { name, quota }: Policy): readonly QuotaScope[] {
  if (quota === undefined) return [];
  const pathOf: QuotaScope['pathOf'] = (resource) =>
    resource === 'servers' ? `policies.${name}.max.servers` : `policies.${name}.total.${resource}`;
  return [{ kind: 'source', name: path, quota, pathOf }];
}
