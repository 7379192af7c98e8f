import type { Memberships } from '../accounts/memberships.ts';
import type { Accounts, Groups } from '../accounts/types.ts';
import { type AccountFacts, type Policy, policyProblems, writtenProblems } from '../admission/policy.ts';
import { accountName } from '../admission/runsAs.ts';
import type { SpecDenial } from '../source/types.ts';
import type { ServerDocument } from '../spec/schema.ts';
import type { ServerSpec } from '../spec/types.ts';

export interface PolicyFactsOptions {
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly memberships: Memberships;
}

/** A server that a policy is asked about. */
export interface PolicyQuestion {
  readonly name: string;
  readonly document: ServerDocument;
  readonly spec: ServerSpec;
  readonly profile: string | undefined;
  readonly policy: Policy;
}

const LOOKUP_RETRY_MS = 5_000;
const MISSING_RETRY_MS = 60_000;

/** Asks policies, and looks up what they must know of accounts. */
export class PolicyFacts {
  readonly #options: PolicyFactsOptions;
  readonly #learned: (name: string) => void;

  /** `learned`: facts that a judgement waited for are there. */
  constructor(options: PolicyFactsOptions, learned: (name: string) => void) {
    this.#options = options;
    this.#learned = learned;
  }

  /** Why the policy denies the server; undefined: it doesn't. Never waits: what must be looked up is, and told of after it. */
  judge(question: PolicyQuestion): SpecDenial | undefined {
    const { document, spec, profile, policy } = question;
    if (policy.isUnrestricted) return undefined;
    const written = writtenProblems(document, profile, policy);
    // No account is looked up for a source that may not ask for it anyway.
    if (written.length > 0) return denied(policy, written);
    const account = spec.dynamicUser ? undefined : this.#account(question);
    if (account !== undefined && 'condition' in account) return account;
    const problems = policyProblems(document, spec, profile, policy, account);
    return problems.length > 0 ? denied(policy, problems) : undefined;
  }

  #account({ name, spec, policy }: PolicyQuestion): AccountFacts | SpecDenial {
    const { accounts } = this.#options;
    const user = accountName(spec);
    const answer = accounts.cached(user);
    if (answer === undefined) return this.#lookUp(name, `the account ${user}`, accounts.lookup(user));
    if (answer.kind === 'missing') {
      return {
        condition: 'Stalled',
        reason: 'UserNotFound',
        message: `no account named ${user} on this host; it starts by itself once there is one`,
        retryAfterMs: MISSING_RETRY_MS,
      };
    }
    if (answer.kind === 'unknown') return unknown(answer.message);
    const groups = this.#groupsOf(name, answer.entry.name, policy.users?.groups ?? []);
    return 'condition' in groups ? groups : { name: answer.entry.name, uid: answer.entry.uid, groups: groups.names };
  }

  /** Those of `wanted` that the account is in. A group that doesn't exist has no members. */
  #groupsOf(
    name: string,
    account: string,
    wanted: readonly string[],
  ): { readonly names: readonly string[] } | SpecDenial {
    const { groups, memberships } = this.#options;
    if (wanted.length === 0) return { names: [] };
    const gids = memberships.cached(account);
    if (gids === undefined) return this.#lookUp(name, `the groups of ${account}`, memberships.lookup(account));
    if (gids.kind !== 'found')
      return unknown(gids.kind === 'unknown' ? gids.message : `the account ${account} is gone`);
    const names: string[] = [];
    for (const group of wanted) {
      const answer = groups.cached(group);
      if (answer === undefined) return this.#lookUp(name, `the group ${group}`, groups.lookup(group));
      if (answer.kind === 'unknown') return unknown(answer.message);
      if (answer.kind === 'found' && gids.entry.includes(answer.entry.gid)) names.push(group);
    }
    return { names };
  }

  #lookUp(name: string, what: string, lookup: Promise<unknown>): SpecDenial {
    void lookup.then(() => this.#learned(name));
    return unknown(`looking up ${what}`);
  }
}

/** Nothing is denied for good while it isn't known; nothing is allowed either. */
function unknown(message: string): SpecDenial {
  return { condition: 'Admitted', reason: 'PolicyDenied', message, retryAfterMs: LOOKUP_RETRY_MS, isUndecided: true };
}

function denied({ name }: Policy, problems: readonly string[]): SpecDenial {
  return { condition: 'Admitted', reason: 'PolicyDenied', message: `policy ${name}: ${problems.join('; ')}` };
}
