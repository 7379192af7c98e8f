/** Names with a value each: those of a higher rank first, and of one rank in the order in which they came. */
export class RankedNames<T> {
  readonly #ranks = new Map<string, number>();
  readonly #values = new Map<number, Map<string, T>>();

  get size(): number {
    return this.#ranks.size;
  }

  has(name: string): boolean {
    return this.#ranks.has(name);
  }

  /** A name that is there already keeps its value, and its place unless it would now have a better one. Returns whether it is new. */
  add(name: string, rank: number, value: T): boolean {
    const before = this.#ranks.get(name);
    if (before !== undefined && before >= rank) return false;
    const kept = before === undefined ? value : (this.#values.get(before)?.get(name) ?? value);
    this.delete(name);
    this.#put(name, rank, kept);
    return before === undefined;
  }

  #put(name: string, rank: number, value: T): void {
    this.#ranks.set(name, rank);
    const values = this.#values.get(rank) ?? new Map<string, T>();
    this.#values.set(rank, values.set(name, value));
  }

  delete(name: string): void {
    const rank = this.#ranks.get(name);
    if (rank === undefined) return;
    this.#ranks.delete(name);
    const values = this.#values.get(rank);
    values?.delete(name);
    if (values?.size === 0) this.#values.delete(rank);
  }

  clear(): void {
    this.#ranks.clear();
    this.#values.clear();
  }

  /** In order; names may be deleted meanwhile. */
  *[Symbol.iterator](): IterableIterator<[name: string, value: T]> {
    const ranks = [...this.#values.keys()].sort((a, b) => b - a);
    for (const rank of ranks) yield* this.#values.get(rank) ?? [];
  }
}
