import { accountName } from '../admission/resolve.ts';
import type { Account } from '../admission/types.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { NotAdmitted } from './admitter.ts';
import type { LoopPorts } from './ports.ts';

/** A missing account is looked for again after this time, and its server started once it appears. */
const MISSING_RETRY_MS = 60_000;
const UNKNOWN_RETRY_MS = 5_000;

export type AccountFact = { readonly kind: 'account'; readonly account: Account } | NotAdmitted;

/** Who servers run as: asks for accounts and remembers the last answer while a new one is on its way. */
export class AccountFacts {
  readonly #ports: LoopPorts;
  readonly #enqueue: (name: string) => void;
  readonly #last = new Map<string, { readonly spec: ServerSpec; readonly account: Account }>();

  constructor(ports: LoopPorts, enqueue: (name: string) => void) {
    this.#ports = ports;
    this.#enqueue = enqueue;
  }

  /** Forgets a deleted server. */
  forget(name: string): void {
    this.#last.delete(name);
  }

  /** The account of a server as far as it is known now; what must be looked up is, and the name enqueued after it. */
  find(name: string, spec: ServerSpec): AccountFact {
    const user = accountName(spec);
    const answer = this.#ports.accounts.cached(user);
    // A lookup that comes while the old answer is still good must not make a running server look unknown.
    const last = this.#last.get(name);
    const known = last?.spec === spec ? last.account : undefined;
    if (answer === undefined) {
      void this.#ports.accounts.lookup(user).then(() => this.#enqueue(name));
      if (known !== undefined) return { kind: 'account', account: known };
      return { kind: 'waiting', message: `looking up the account ${user}` };
    }
    switch (answer.kind) {
      case 'found':
        this.#last.set(name, { spec, account: answer.account });
        return { kind: 'account', account: answer.account };
      case 'missing':
        return {
          kind: 'refused',
          condition: 'Stalled',
          reason: 'UserNotFound',
          message: `no account named ${user} on this host; it starts by itself once there is one`,
          retryAfterMs: MISSING_RETRY_MS,
        };
      case 'unknown':
        if (known !== undefined) return { kind: 'account', account: known };
        return {
          kind: 'waiting',
          message: `the account ${user} could not be looked up: ${answer.message}`,
          retryAfterMs: UNKNOWN_RETRY_MS,
        };
    }
  }
}
