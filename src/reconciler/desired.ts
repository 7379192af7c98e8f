/**
 * Documents -> whole specs: merges profiles, asks policies, and remembers what was last admitted, so that neither a bad
 * file nor a bad configuration takes away what runs.
 */

import type { Memberships } from '../accounts/memberships.ts';
import type { Accounts, Groups } from '../accounts/types.ts';
import { ADMIN_POLICY, type Policy } from '../admission/policy.ts';
import { type ChosenProfile, chooseProfile, completeSpec } from '../admission/profile.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/types.ts';
import type { DocumentRecord, DocumentSource, Source, SourceState, SpecDenial, SpecRecord } from '../source/types.ts';
import { locateInText } from '../spec/parse.ts';
import type { FieldProblem } from '../spec/problems.ts';
import { formatProblem } from '../spec/problems.ts';
import type { QuotaUse } from '../spec/quota.ts';
import type { ServerDocument } from '../spec/schema.ts';
import type { AdmittedStore } from '../store/admitted.ts';
import { AdmittedSpecs } from './admittedSpecs.ts';
import { Places } from './places.ts';
import { PolicyFacts } from './policyFacts.ts';
import { SpecRecords } from './specRecords.ts';

export interface DesiredStateOptions {
  readonly documents: DocumentSource;
  /** The configuration in force. */
  readonly config: () => Config;
  readonly admitted: AdmittedStore;
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly memberships: Memberships;
  readonly clock: Clock;
  /** Whether it ran in this boot under an earlier controller: then it has its place in every quota. Absent: none did. */
  readonly hasRun?: (name: string) => boolean;
}

/** A document judged under one configuration. */
interface Judgement {
  readonly config: Config;
  readonly source: string;
  readonly document: ServerDocument;
  readonly profile: ChosenProfile | undefined;
  /** Undefined: sealed, see `#policyOf`. */
  readonly policy: Policy | undefined;
  /** `Places.key` under that configuration. */
  readonly quotaKey: string;
  readonly judgedMs: number;
  readonly denial: SpecDenial | undefined;
}

/** A denial that may pass by itself is judged anew at the first question after this time. */
const AGAIN_MS = 1_000;

export class DesiredState implements Source {
  readonly #options: DesiredStateOptions;
  readonly #facts: PolicyFacts;
  readonly #judgements = new Map<string, Judgement>();
  readonly #records = new SpecRecords();
  readonly #admitted: AdmittedSpecs;
  readonly #places: Places;
  readonly #listeners = new Map<(name: string | undefined) => void, (() => void) | undefined>();

  constructor(options: DesiredStateOptions) {
    this.#options = options;
    this.#admitted = new AdmittedSpecs(options.admitted);
    this.#places = new Places({ config: options.config, judgeAgain: (name) => this.#judgeAgain(name) });
    this.#facts = new PolicyFacts(options, (name) => {
      this.#judgements.delete(name);
      this.#emit(name);
    });
    options.documents.on(
      (name) => {
        // At once: what was admitted before is kept before anything else happens to the new document.
        if (name !== undefined) this.record(name);
        this.#emit(name);
      },
      () => {
        for (const onTold of this.#listeners.values()) onTold?.();
      },
    );
  }

  async start(): Promise<void> {
    const { documents } = this.#options;
    this.#admitted.load();
    await documents.start();
    const known = new Set(documents.names());
    for (const name of this.#admitted.storedNames()) if (!known.has(name)) this.#drop(name);
    this.#takePlaces();
  }

  async stop(): Promise<void> {
    await this.#options.documents.stop();
    this.#admitted.close();
  }

  names(): readonly string[] {
    return this.#options.documents.names();
  }

  states(): readonly SourceState[] {
    return this.#options.documents.states();
  }

  quotas(): readonly QuotaUse[] {
    return this.#places.uses();
  }

  record(name: string): SpecRecord | undefined {
    const found = this.#options.documents.record(name);
    if (found === undefined) return undefined;
    const { document } = found;
    const denial = document === undefined ? undefined : this.#judge(found, document).denial;
    const admitted = document === undefined ? undefined : this.#admitted.get(name);
    return this.#records.of(found, denial, admitted);
  }

  adopt(name: string): boolean {
    return this.#options.documents.adopt(name);
  }

  forget(name: string): void {
    this.#options.documents.forget(name);
    if (this.#options.documents.record(name) === undefined) this.#drop(name);
  }

  on(listener: (name: string | undefined) => void, onTold?: () => void): () => void {
    this.#listeners.set(listener, onTold);
    return () => this.#listeners.delete(listener);
  }

  /** The configuration is another one: asks for a look at each server that it changes anything for. */
  configChanged(): void {
    for (const name of this.names()) {
      const before = this.#judgements.get(name);
      const found = this.#options.documents.record(name);
      if (found?.document === undefined) continue;
      if (before !== undefined && this.#isCurrent(before, found, found.document)) continue;
      this.record(name);
      this.#emit(name);
    }
  }

  #judge(found: DocumentRecord, document: ServerDocument): Judgement {
    this.#places.catchUp();
    const before = this.#judgements.get(found.name);
    if (before !== undefined && this.#isCurrent(before, found, document)) {
      const isFinal = before.denial?.retryAfterMs === undefined;
      if (isFinal || this.#options.clock.monotonicMs() - before.judgedMs < AGAIN_MS) return before;
    }
    return this.#decide(found, document);
  }

  #decide(found: DocumentRecord, document: ServerDocument): Judgement {
    const profile = chooseProfile(document, this.#options.config());
    const policy = this.#policyOf(found);
    const denial = this.#admit(found, document, profile, policy);
    const quotaKey = this.#places.key();
    const basis = { config: this.#options.config(), source: found.source, document, profile, policy, quotaKey };
    const judgement = { ...basis, judgedMs: this.#options.clock.monotonicMs(), denial };
    this.#judgements.set(found.name, judgement);
    return judgement;
  }

  #isCurrent(before: Judgement, found: DocumentRecord, document: ServerDocument): boolean {
    if (before.document !== document) return false;
    const config = this.#options.config();
    if (before.config === config && before.source === found.source && before.policy !== undefined) return true;
    const profile = chooseProfile(document, config);
    const isSameProfile = before.profile?.name === profile?.name && before.profile?.fields === profile?.fields;
    const isSameBasis = before.policy === this.#policyOf(found) && before.quotaKey === this.#places.key();
    return isSameProfile && isSameBasis;
  }

  /** Takes what the document asks for as admitted, or says why it can't be. */
  #admit(
    found: DocumentRecord,
    document: ServerDocument,
    profile: ChosenProfile | undefined,
    policy: Policy | undefined,
  ): SpecDenial | undefined {
    const { name } = found;
    if (policy === undefined) {
      this.#admitted.keep(name);
      const message = `${found.source} is no source any more: it goes on as it was last admitted`;
      return { condition: 'Admitted', reason: 'PolicyDenied', message };
    }
    if (!policy.isUnrestricted) this.#admitted.seal(name);
    const whole = completeSpec(document, profile, Object.keys(this.#options.config().profiles));
    switch (whole.kind) {
      case 'unknownProfile':
        return this.#deny(name, 'UnknownProfile', describe(found, [whole.problem]));
      case 'invalid':
        return this.#deny(name, 'SchemaError', describe(found, whole.problems));
      case 'whole':
        break;
    }
    const question = { name, source: found.source, spec: whole.spec };
    const isHolder = this.#admitted.get(name) !== undefined;
    const denial =
      this.#facts.judge({ name, document, spec: whole.spec, profile: profile?.name, policy }) ??
      this.#places.find(question, policy, isHolder);
    if (denial?.reason !== 'QuotaExceeded') this.#places.leaveLine(name);
    if (denial !== undefined) {
      this.#admitted.keep(name);
      return denial;
    }
    const { spec } = this.#admitted.take(name, { ...whole, profile: profile?.name });
    const isAllKnown = policy.isUnrestricted && profile === undefined && !this.#places.concerns(question, policy);
    // What any source may ask for needs no memory but the last good document; all else could be taken away.
    if (isAllKnown) this.#admitted.unkeep(name);
    else this.#admitted.keep(name);
    this.#places.hold({ ...question, spec });
    return undefined;
  }

  /** There may be room for it now. */
  #judgeAgain(name: string): void {
    const found = this.#options.documents.record(name);
    if (found?.document === undefined) {
      this.#places.leaveLine(name);
      return;
    }
    const before = this.#judgements.get(name)?.denial;
    const { denial } = this.#decide(found, found.document);
    if (denial?.message !== before?.message) this.#emit(name);
  }

  /** What was admitted before, or runs, has its place in each quota, were there too little room for all of them by now. */
  #takePlaces(): void {
    const { documents, hasRun = () => false } = this.#options;
    for (const name of documents.names()) {
      const source = documents.record(name)?.source;
      const spec = this.#admitted.get(name)?.spec;
      if (source !== undefined && spec !== undefined) this.#places.hold({ name, source, spec });
      else if (hasRun(name)) this.#places.noteRun(name);
    }
    for (const name of documents.names()) this.record(name);
    this.#places.open();
  }

  #deny(name: string, reason: 'UnknownProfile' | 'SchemaError', message: string): SpecDenial {
    this.#admitted.keep(name);
    return { condition: 'Accepted', reason, message };
  }

  #drop(name: string): void {
    this.#judgements.delete(name);
    this.#records.drop(name);
    this.#admitted.drop(name);
    this.#places.release(name);
  }

  /**
   * What a document may ask for: the policy of the source that it was accepted from, whoever has the name now. Where that
   * is no source any more, the policy it had last; undefined where that is not known and may have been a narrow one.
   */
  #policyOf({ name, source }: DocumentRecord): Policy | undefined {
    const configured = this.#options.config().sources.find(({ path }) => path === source);
    if (configured !== undefined) return configured.policy;
    const last = this.#judgements.get(name)?.policy;
    if (last !== undefined) return last;
    return this.#admitted.isStored(name) ? undefined : ADMIN_POLICY;
  }

  #emit(name: string | undefined): void {
    for (const listener of this.#listeners.keys()) listener(name);
  }
}

function describe({ file, name, text }: DocumentRecord, problems: readonly FieldProblem[]): string {
  const path = file?.path ?? `${name}.yaml`;
  return locateInText(problems, text)
    .map((problem) => formatProblem(path, problem))
    .join('\n');
}
