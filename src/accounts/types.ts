import type { Account } from '../admission/types.ts';

export type AccountAnswer =
  | { readonly kind: 'found'; readonly account: Account }
  | { readonly kind: 'missing' }
  /** NSS did not answer in time or failed: nothing is known, ask again. */
  | { readonly kind: 'unknown'; readonly message: string };

/** The host's accounts, through NSS. Answers are kept for 60 s. */
export interface Accounts {
  /** A cached answer, at once; undefined where it must be looked up. */
  cached(name: string): AccountAnswer | undefined;
  /** Looks up by name or number; lookups at the same time are batched into one process. Never rejects. */
  lookup(name: string): Promise<AccountAnswer>;
}
