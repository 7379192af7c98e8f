import type { Policy } from '../admission/policy.ts';
import type { SpecDenial } from '../source/types.ts';
import type { QuotaUse } from '../spec/quota.ts';
import { type QuotaConfig, type QuotaQuestion, Quotas } from './quotas.ts';
import { Waiting } from './waiting.ts';

export interface PlacesOptions {
  readonly config: () => QuotaConfig;
  /** Decides on one server anew, as there may be room for it now. */
  readonly judgeAgain: (name: string) => void;
}

/** Before every file has been read nobody knows whose place it is. */
const EARLY: SpecDenial = {
  condition: 'Admitted',
  reason: 'QuotaExceeded',
  message: 'waits until all specs have been read: those that were admitted before have their places first',
  retryAfterMs: 1_000,
  isUndecided: true,
};

/** Who has a place in each quota, and who waits for one. */
export class Places {
  readonly #config: () => QuotaConfig;
  readonly #quotas: Quotas;
  readonly #waiting: Waiting;
  /** Those that ran under an earlier controller and that nothing is stored of: each may keep its place once. */
  readonly #ran = new Set<string>();
  #isOpen = false;
  #configSeen: QuotaConfig | undefined;

  constructor({ config, judgeAgain }: PlacesOptions) {
    this.#config = config;
    this.#quotas = new Quotas(config);
    this.#waiting = new Waiting(judgeAgain);
  }

  /** Under another key a server may be counted by another quota. */
  key(): string {
    return this.#quotas.key();
  }

  /** Whether any quota counts the server: what it was admitted as must then be known to the next controller too. */
  concerns(question: QuotaQuestion, policy: Policy): boolean {
    return this.#quotas.concerns(question, policy);
  }

  /** All quotas with what is given away of them. */
  uses(): readonly QuotaUse[] {
    return this.#quotas.uses();
  }

  /** A server that ran under an earlier controller, and that nothing else is known of: it had a place. */
  noteRun(name: string): void {
    this.#ran.add(name);
  }

  /** Every spec is known now: those that have a place already come first, then by priority, then by name. */
  open(): void {
    this.#isOpen = true;
    this.#waiting.review();
  }

  /** Room that another configuration makes is for those that wait, before anybody who happens to be asked about. */
  catchUp(): void {
    if (this.#configSeen === this.#config()) return;
    this.#configSeen = this.#config();
    this.#waiting.review();
  }

  /**
   * Why there is no room for it in a quota; undefined: there is, or it has had its place before.
   *
   * @param isHolder something of it was admitted already: it is asked before those of which nothing was
   */
  find(question: QuotaQuestion, policy: Policy, isHolder: boolean): SpecDenial | undefined {
    const { name, spec } = question;
    const isEarly = !this.#isOpen && this.#quotas.concerns(question, policy);
    const denial = isEarly ? EARLY : this.#quotas.judge(question, policy);
    const hadPlace = !isEarly && this.#ran.delete(name);
    if (denial?.reason !== 'QuotaExceeded') return denial;
    if (hadPlace) return undefined;
    this.#waiting.add(name, { isHolder: isHolder || this.#ran.has(name), priority: spec.priority });
    return denial;
  }

  /** Room would be of no use to it. */
  leaveLine(name: string): void {
    this.#waiting.delete(name);
  }

  /** It is admitted: what it asks for is its own, and what it asked for before is free. */
  hold(question: QuotaQuestion): void {
    this.#waiting.delete(question.name);
    if (this.#quotas.hold(question)) this.#waiting.review();
  }

  /** It is gone, and its place free. */
  release(name: string): void {
    this.#waiting.delete(name);
    this.#ran.delete(name);
    if (this.#quotas.release(name)) this.#waiting.review();
  }
}
