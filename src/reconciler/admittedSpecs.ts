import { completeSpec } from '../admission/profile.ts';
import { canonicalJson } from '../spec/canonical.ts';
import { checkDocument } from '../spec/parse.ts';
import type { CompleteDocument } from '../spec/schema.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { AdmittedStore } from '../store/admitted.ts';

/** What a server may run as, and the document that says so. */
export interface Admitted {
  readonly spec: ServerSpec;
  readonly profile: string | undefined;
  readonly document: CompleteDocument;
  readonly canonical: string;
}

/** What each server was last admitted as; on disk too where its file alone would not tell the next controller. */
export class AdmittedSpecs {
  readonly #store: AdmittedStore;
  readonly #admitted = new Map<string, Admitted>();

  constructor(store: AdmittedStore) {
    this.#store = store;
  }

  /** Takes up what an earlier controller stored. */
  load(): void {
    for (const { name, profile, document } of this.#store.names().flatMap((name) => this.#store.get(name) ?? [])) {
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
  }

  get(name: string): Admitted | undefined {
    return this.#admitted.get(name);
  }

  /** Every name with something admitted. */
  names(): readonly string[] {
    return [...this.#admitted.keys()];
  }

  /** Every name that something is stored of, were it that nothing was admitted yet. */
  storedNames(): readonly string[] {
    return this.#store.names();
  }

  isStored(name: string): boolean {
    return this.#store.get(name) !== undefined;
  }

  /** Takes a spec as admitted. The same objects for the same content: whoever compares them sees that nothing changed. */
  take(name: string, { spec, profile, document }: Omit<Admitted, 'canonical'>): Admitted {
    const canonical = canonicalJson(document);
    const before = this.#admitted.get(name);
    if (before?.canonical === canonical && before.profile === profile) return before;
    const admitted = { spec, profile, document, canonical };
    this.#admitted.set(name, admitted);
    return admitted;
  }

  /** Stores what was last admitted, for a controller that comes up while the present document is denied. */
  keep(name: string): void {
    const admitted = this.#admitted.get(name);
    if (admitted === undefined) return;
    const stored = this.#store.get(name);
    const profile = admitted.profile ?? null;
    if (stored?.profile === profile && canonicalJson(stored.document) === admitted.canonical) return;
    this.#store.put({ name, profile, document: admitted.document });
  }

  /** Its last good document tells all that need be known. */
  unkeep(name: string): void {
    this.#store.remove(name);
  }

  /**
   * Notes of a server from a source that may not ask for everything that nothing of it was admitted yet: should its source
   * be taken out of the configuration, no more than what was admitted may count.
   */
  seal(name: string): void {
    if (this.#store.get(name) === undefined) this.#store.put({ name, profile: null, document: null });
  }

  drop(name: string): void {
    this.#admitted.delete(name);
    this.#store.remove(name);
  }

  close(): void {
    this.#store.close();
  }
}
