import type { Account, Group } from '../admission/types.ts';

export type NssAnswer<Entry> =
  | { readonly kind: 'found'; readonly entry: Entry }
  | { readonly kind: 'missing' }
  /** NSS did not answer in time or failed: nothing is known, ask again. */
  | { readonly kind: 'unknown'; readonly message: string };

/** Entries of one database of NSS. Answers are kept for 60 s. */
export interface NssDirectory<Entry> {
  /** A cached answer, at once; undefined where it must be looked up. */
  cached(name: string): NssAnswer<Entry> | undefined;
  /** Looks up by name or number; lookups at the same time are batched into one process. Never rejects. */
  lookup(name: string): Promise<NssAnswer<Entry>>;
  /** Another text than before: the local file changed, and what was missing may be there. Costs a `stat`. */
  localVersion(): string;
}

/** The host's accounts. */
export type Accounts = NssDirectory<Account>;
export type AccountAnswer = NssAnswer<Account>;
/** The host's groups. */
export type Groups = NssDirectory<Group>;
