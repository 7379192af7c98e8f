import { isDeepStrictEqual } from 'node:util';
import { dynamicAccount, readableUserName } from '../admission/dynamicAccount.ts';
import { accountName, groupNames, type RunsAs } from '../admission/runsAs.ts';
import type { ServerSpec } from '../spec/types.ts';
import { AccountQuestions } from './accountQuestions.ts';
import type { NotAdmitted } from './admitter.ts';
import type { AdmissionPorts } from './ports.ts';

/** A missing account is looked for again after this time, and its server started once it appears. */
const MISSING_RETRY_MS = 60_000;
const UNKNOWN_RETRY_MS = 5_000;
/** While something is missing, the local files are looked at this often. */
const LOCAL_POLL_MS = 1_000;

export type AccountFact = { readonly kind: 'runsAs'; readonly runsAs: RunsAs } | NotAdmitted;

/** Who servers run as: asks for accounts and groups, and remembers the last answer while a new one is on its way. */
export class AccountFacts {
  readonly #ports: AdmissionPorts;
  readonly #enqueue: (name: string) => void;
  /** What came of the last answers, by server. */
  readonly #last = new Map<string, { readonly asked: string; readonly fact: AccountFact }>();
  /** Servers whose account or group is missing. */
  readonly #stalled = new Set<string>();
  #cancelPoll: (() => void) | undefined;

  constructor(ports: AdmissionPorts, enqueue: (name: string) => void) {
    this.#ports = ports;
    this.#enqueue = enqueue;
  }

  /** Forgets a deleted server. */
  forget(name: string): void {
    this.#last.delete(name);
    this.#stalled.delete(name);
  }

  /** Ends its timer. */
  stop(): void {
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
    this.#stalled.clear();
  }

  /** Who a server runs as, as far as it is known now; what must be looked up is, and the name enqueued where that tells anything new. */
  find(name: string, spec: ServerSpec): AccountFact {
    const { unanswered, fact, questions } = this.#ask(name, spec);
    if (unanswered.length > 0) this.#lookUp(name, spec, unanswered);
    else this.#stalled.delete(name);
    if (questions.missing.length > 0) {
      this.#stalled.add(name);
      this.#poll();
    }
    if (fact !== undefined) return this.#answered(name, spec, fact);
    // Neither a look-up that comes while the old answer is still good nor one that fails makes a running server look unknown.
    const last = this.#last.get(name);
    if (last?.asked === wishText(spec)) return last.fact;
    const [failure] = questions.unknown;
    return failure === undefined
      ? { kind: 'waiting', message: `looking up ${questions.words}` }
      : { kind: 'waiting', message: failure, retryAfterMs: UNKNOWN_RETRY_MS };
  }

  /** `fact`: undefined while not all is known. */
  #ask(name: string, spec: ServerSpec) {
    const questions = new AccountQuestions(this.#ports);
    const runsAs = spec.dynamicUser ? askDynamic(name, spec, questions) : askAccount(spec, questions);
    const known: AccountFact | undefined = runsAs === undefined ? undefined : { kind: 'runsAs', runsAs };
    const fact = questions.missing.length > 0 ? missingFact(questions.missing) : known;
    return { unanswered: questions.unanswered, fact, questions };
  }

  /** An answer that says what the last one did asks for no look: answers are kept for a minute, and of those that lapse there are many. */
  #lookUp(name: string, spec: ServerSpec, unanswered: readonly (() => Promise<unknown>)[]): void {
    void Promise.all(unanswered.map((ask) => ask())).then(() => {
      const { unanswered: more, fact } = this.#ask(name, spec);
      const last = this.#last.get(name);
      if (last?.asked !== wishText(spec)) this.#enqueue(name);
      // The groups of an account that is known now.
      else if (more.length > 0) this.#lookUp(name, spec, more);
      else if (fact !== undefined && !isDeepStrictEqual(fact, last.fact)) this.#enqueue(name);
    });
  }

  #answered(name: string, spec: ServerSpec, fact: AccountFact): AccountFact {
    this.#last.set(name, { asked: wishText(spec), fact });
    return fact;
  }

  /** A local account is seen a moment after it was made: the names are looked at again when /etc/passwd or /etc/group changed. */
  #poll(): void {
    if (this.#cancelPoll !== undefined) return;
    const { accounts, groups, clock } = this.#ports;
    const version = () => `${accounts.localVersion()} ${groups.localVersion()}`;
    const before = version();
    this.#cancelPoll = clock.after(LOCAL_POLL_MS, () => {
      this.#cancelPoll = undefined;
      if (version() !== before) for (const name of this.#stalled) this.#enqueue(name);
      if (this.#stalled.size > 0) this.#poll();
    });
  }
}

function missingFact(missing: readonly string[]): AccountFact {
  return {
    kind: 'refused',
    condition: 'Stalled',
    reason: 'UserNotFound',
    message: `no ${missing.join(' and no ')} on this host; it starts by itself once there is one`,
    retryAfterMs: MISSING_RETRY_MS,
  };
}

/** Equal texts: the same account and groups are asked for. */
function wishText({ dynamicUser, user, group, supplementaryGroups }: ServerSpec): string {
  return JSON.stringify([dynamicUser, user, group, supplementaryGroups]);
}

/** Undefined: not all is known. */
function askAccount(spec: ServerSpec, questions: AccountQuestions): RunsAs | undefined {
  const account = questions.account(accountName(spec));
  // Without the account the names of its groups may not be known: then they are asked for after it.
  const groups = account === undefined ? undefined : askGroups(spec, account.name, questions);
  return account === undefined || groups === undefined ? undefined : { account, ...groups };
}

/** A dynamic user needs no account, but none may have its name. */
function askDynamic(name: string, spec: ServerSpec, questions: AccountQuestions): RunsAs | undefined {
  const readable = readableUserName(name);
  const isTaken = readable === undefined ? false : questions.isTaken(readable);
  if (isTaken === undefined) return undefined;
  const account = dynamicAccount(name, !isTaken);
  const groups = askGroups(spec, account.name, questions);
  return groups === undefined ? undefined : { account, ...groups };
}

function askGroups(spec: ServerSpec, user: string, questions: AccountQuestions): Omit<RunsAs, 'account'> | undefined {
  const names = groupNames(spec, user);
  const group = names.group === undefined ? undefined : questions.group(names.group, 'spec.group');
  const others = names.supplementary.map((other, at) => questions.group(other, `spec.supplementaryGroups[${at}]`));
  const supplementaryGroups = others.filter((other) => other !== undefined);
  if (supplementaryGroups.length < others.length || (names.group !== undefined && group === undefined))
    return undefined;
  return { ...(group === undefined ? {} : { group }), supplementaryGroups };
}
