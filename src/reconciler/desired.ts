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
import { canonicalJson } from '../spec/canonical.ts';
import { checkDocument, locateInText } from '../spec/parse.ts';
import type { FieldProblem } from '../spec/problems.ts';
import { formatProblem } from '../spec/problems.ts';
import type { CompleteDocument, ServerDocument } from '../spec/schema.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { AdmittedStore } from '../store/admitted.ts';
import { PolicyFacts } from './policyFacts.ts';

export interface DesiredStateOptions {
  readonly documents: DocumentSource;
  /** The configuration in force. */
  readonly config: () => Config;
  readonly admitted: AdmittedStore;
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly memberships: Memberships;
  readonly clock: Clock;
}

/** What a server may run as, and the document that says so. */
interface Admitted {
  readonly spec: ServerSpec;
  readonly profile: string | undefined;
  readonly document: CompleteDocument;
  readonly canonical: string;
}

/** A document judged under one configuration. */
interface Judgement {
  readonly document: ServerDocument;
  readonly profile: ChosenProfile | undefined;
  /** Undefined: sealed, see `#policyOf`. */
  readonly policy: Policy | undefined;
  readonly judgedMs: number;
  readonly denial: SpecDenial | undefined;
}

/** A denial that may pass by itself is judged anew at the first question after this time. */
const AGAIN_MS = 1_000;

export class DesiredState implements Source {
  readonly #options: DesiredStateOptions;
  readonly #facts: PolicyFacts;
  readonly #judgements = new Map<string, Judgement>();
  readonly #admitted = new Map<string, Admitted>();
  readonly #listeners = new Set<(name: string | undefined) => void>();

  constructor(options: DesiredStateOptions) {
    this.#options = options;
    this.#facts = new PolicyFacts(options, (name) => {
      this.#judgements.delete(name);
      this.#emit(name);
    });
    options.documents.on((name) => {
      // At once: what was admitted before is kept before anything else happens to the new document.
      if (name !== undefined) this.record(name);
      this.#emit(name);
    });
  }

  async start(): Promise<void> {
    const { documents, admitted } = this.#options;
    for (const { name, profile, document } of admitted.names().flatMap((name) => admitted.get(name) ?? [])) {
      if (document === null) continue;
      const stored = checkDocument(document, name);
      const whole = stored === undefined ? undefined : completeSpec(stored, undefined, []);
      if (whole?.kind !== 'whole') continue;
      const canonical = canonicalJson(whole.document);
      this.#admitted.set(name, {
        spec: whole.spec,
        profile: profile ?? undefined,
        document: whole.document,
        canonical,
      });
    }
    await documents.start();
    const known = new Set(documents.names());
    for (const name of admitted.names()) if (!known.has(name)) this.#drop(name);
  }

  async stop(): Promise<void> {
    await this.#options.documents.stop();
    this.#options.admitted.close();
  }

  names(): readonly string[] {
    return this.#options.documents.names();
  }

  states(): readonly SourceState[] {
    return this.#options.documents.states();
  }

  record(name: string): SpecRecord | undefined {
    const found = this.#options.documents.record(name);
    if (found === undefined) return undefined;
    const { document, text: _text, source: _source, ...record } = found;
    if (document === undefined) return { ...record, spec: undefined };
    const { denial } = this.#judge(found, document);
    const admitted = this.#admitted.get(name);
    return {
      ...record,
      spec: admitted?.spec,
      ...(admitted === undefined ? {} : { document: admitted.document }),
      ...(admitted?.profile === undefined ? {} : { profile: admitted.profile }),
      ...(denial === undefined ? {} : { denial }),
    };
  }

  forget(name: string): void {
    this.#options.documents.forget(name);
    if (this.#options.documents.record(name) === undefined) this.#drop(name);
  }

  on(listener: (name: string | undefined) => void): () => void {
    this.#listeners.add(listener);
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
    const before = this.#judgements.get(found.name);
    if (before !== undefined && this.#isCurrent(before, found, document)) {
      const isFinal = before.denial?.retryAfterMs === undefined;
      if (isFinal || this.#options.clock.monotonicMs() - before.judgedMs < AGAIN_MS) return before;
    }
    const profile = chooseProfile(document, this.#options.config());
    const policy = this.#policyOf(found);
    const denial = this.#admit(found, document, profile, policy);
    const judgement = { document, profile, policy, judgedMs: this.#options.clock.monotonicMs(), denial };
    this.#judgements.set(found.name, judgement);
    return judgement;
  }

  #isCurrent(before: Judgement, found: DocumentRecord, document: ServerDocument): boolean {
    const profile = chooseProfile(document, this.#options.config());
    const isSameProfile = before.profile?.name === profile?.name && before.profile?.fields === profile?.fields;
    return before.document === document && isSameProfile && before.policy === this.#policyOf(found);
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
      this.#keep(name);
      const message = `${found.source} is no source any more: it goes on as it was last admitted`;
      return { condition: 'Admitted', reason: 'PolicyDenied', message };
    }
    this.#seal(name, policy);
    const whole = completeSpec(document, profile, Object.keys(this.#options.config().profiles));
    switch (whole.kind) {
      case 'unknownProfile':
        return this.#deny(name, 'UnknownProfile', describe(found, [whole.problem]));
      case 'invalid':
        return this.#deny(name, 'SchemaError', describe(found, whole.problems));
      case 'whole':
        break;
    }
    const denial = this.#facts.judge({ name, document, spec: whole.spec, profile: profile?.name, policy }, () =>
      this.#serversBeside(found),
    );
    if (denial !== undefined) {
      this.#keep(name);
      return denial;
    }
    const canonical = canonicalJson(whole.document);
    const before = this.#admitted.get(name);
    // The same object for the same content: whoever compares it sees that nothing changed.
    const isSame = before?.canonical === canonical && before.profile === profile?.name;
    const { spec, document: merged } = isSame ? before : whole;
    this.#admitted.set(name, { spec, profile: profile?.name, document: merged, canonical });
    // What any source may ask for needs no memory but the last good document; all else could be taken away.
    if (policy.isUnrestricted && profile === undefined) this.#options.admitted.remove(name);
    else this.#keep(name);
    return undefined;
  }

  #deny(name: string, reason: 'UnknownProfile' | 'SchemaError', message: string): SpecDenial {
    this.#keep(name);
    return { condition: 'Accepted', reason, message };
  }

  /** Stores what was last admitted, for a controller that comes up while the present document is denied. */
  #keep(name: string): void {
    const { admitted: store } = this.#options;
    const admitted = this.#admitted.get(name);
    if (admitted === undefined) return;
    const stored = store.get(name);
    const profile = admitted.profile ?? null;
    if (stored?.profile === profile && canonicalJson(stored.document) === admitted.canonical) return;
    store.put({ name, profile, document: admitted.document });
  }

  #drop(name: string): void {
    this.#judgements.delete(name);
    this.#admitted.delete(name);
    this.#options.admitted.remove(name);
  }

  /**
   * Notes of a server from a source that may not ask for everything that nothing of it was admitted yet: should its source
   * be taken out of the configuration, no more than what was admitted may count.
   */
  #seal(name: string, policy: Policy): void {
    const { admitted: store } = this.#options;
    if (!policy.isUnrestricted && store.get(name) === undefined) store.put({ name, profile: null, document: null });
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
    return this.#options.admitted.get(name) === undefined ? ADMIN_POLICY : undefined;
  }

  /** Other servers of the same source that were admitted. */
  #serversBeside(found: DocumentRecord): number {
    const others = [...this.#admitted.keys()].filter((other) => other !== found.name);
    return others.filter((other) => {
      const record = this.#options.documents.record(other);
      return record?.source === found.source && !record.isDeleted;
    }).length;
  }

  #emit(name: string | undefined): void {
    for (const listener of this.#listeners) listener(name);
  }
}

function describe({ file, name, text }: DocumentRecord, problems: readonly FieldProblem[]): string {
  const path = file?.path ?? `${name}.yaml`;
  return locateInText(problems, text)
    .map((problem) => formatProblem(path, problem))
    .join('\n');
}
