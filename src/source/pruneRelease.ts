/** What became of a person's word that held removals may go. */
export type PruneAnswer =
  /** `names` are removed now; sorted. */
  | { readonly kind: 'released'; readonly source: string; readonly names: readonly string[] }
  /** The last release of a source was the same: nothing more is to be done. */
  | { readonly kind: 'already'; readonly source: string }
  /** Nothing was removed; `message` says why and what is held now. */
  | { readonly kind: 'refused'; readonly message: string };

/** What is remembered of releases over restarts of the controller. */
export interface StoredRelease {
  /** Of the last release; undefined: there was none. */
  readonly digest: string | undefined;
  /** Names whose removal was confirmed and is perhaps not carried out yet. */
  readonly names: readonly string[];
}

export const NO_RELEASE: StoredRelease = { digest: undefined, names: [] };

/** The removals of a source that a person has confirmed: they are not held again, whatever happens before they are done. */
export class PruneRelease {
  #digest: string | undefined;
  readonly #names: Set<string>;

  constructor({ digest, names }: StoredRelease) {
    this.#digest = digest;
    this.#names = new Set(names);
  }

  get stored(): StoredRelease {
    return { digest: this.#digest, names: [...this.#names].sort() };
  }

  /** True: the last release was of exactly that set. */
  isLast(digest: string): boolean {
    return this.#digest === digest;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(digest: string, names: readonly string[]): void {
    this.#digest = digest;
    for (const name of names) this.#names.add(name);
  }

  /** The removal was carried out, or the file is back. True: none is left by that. */
  settle(name: string): boolean {
    return this.#names.delete(name) && this.#names.size === 0;
  }

  /** The same for all names with a file. True: that changed something. */
  settleListed(isListed: (name: string) => boolean): boolean {
    const back = [...this.#names].filter(isListed);
    for (const name of back) this.#names.delete(name);
    return back.length > 0;
  }
}
