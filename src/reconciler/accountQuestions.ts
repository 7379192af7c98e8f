import type { NssAnswer, NssDirectory } from '../accounts/types.ts';
import { isDynamicId } from '../admission/dynamicAccount.ts';
import type { Account, Group } from '../admission/types.ts';
import type { AdmissionPorts } from './ports.ts';

/** Asks for accounts and groups out of what is cached, and notes what came of it. */
export class AccountQuestions {
  readonly unanswered: (() => Promise<unknown>)[] = [];
  /** In words: `account named bob`. */
  readonly missing: string[] = [];
  readonly unknown: string[] = [];
  readonly #ports: AdmissionPorts;
  readonly #asked: string[] = [];

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  /** What was asked for and not answered: `the account bob`. */
  get words(): string {
    return this.#asked.join(', ');
  }

  account(user: string): Account | undefined {
    const words = `account ${namedOrNumbered(user, 'uid')}`;
    return this.#entry(this.#ports.accounts, user, `the account ${user}`, words);
  }

  group(group: string, field: string): Group | undefined {
    const words = `group ${namedOrNumbered(group, 'gid')} (${field})`;
    return this.#entry(this.#ports.groups, group, `the group ${group}`, words);
  }

  /** Whether an account or a group has this name, dynamic ones excepted; undefined: not known. */
  isTaken(name: string): boolean | undefined {
    const account = this.#answer(this.#ports.accounts, name, `the account ${name}`);
    const group = this.#answer(this.#ports.groups, name, `the group ${name}`);
    if (account?.kind === 'found' && !isDynamicId(account.entry.uid)) return true;
    if (group?.kind === 'found' && !isDynamicId(group.entry.gid)) return true;
    const isKnown = [account, group].every((answer) => answer !== undefined && answer.kind !== 'unknown');
    return isKnown ? false : undefined;
  }

  #entry<Entry>(directory: NssDirectory<Entry>, name: string, what: string, words: string): Entry | undefined {
    const answer = this.#answer(directory, name, what);
    if (answer?.kind === 'missing') this.missing.push(words);
    return answer?.kind === 'found' ? answer.entry : undefined;
  }

  #answer<Entry>(directory: NssDirectory<Entry>, name: string, what: string): NssAnswer<Entry> | undefined {
    const answer = directory.cached(name);
    if (answer === undefined) {
      this.#asked.push(what);
      this.unanswered.push(() => directory.lookup(name));
    } else if (answer.kind === 'unknown') this.unknown.push(`${what} could not be looked up: ${answer.message}`);
    return answer;
  }
}

function namedOrNumbered(name: string, number: 'uid' | 'gid'): string {
  return /^\d+$/.test(name) ? `with ${number} ${name}` : `named ${name}`;
}
