/** What decides who of those that wait is asked first. */
interface Rank {
  /** Something of it was admitted already: it waits to grow. */
  readonly isHolder: boolean;
  readonly priority: number;
}

/** Servers that wait for room in a quota: whenever there may be some, those that hold a place already come first, then by priority, then by name. */
export class Waiting {
  readonly #judgeAgain: (name: string) => void;
  readonly #ranks = new Map<string, Rank>();
  #isReviewing = false;
  #isDue = false;

  /** `judgeAgain` decides on one server anew; one that is admitted or needs something else leaves by `delete`. */
  constructor(judgeAgain: (name: string) => void) {
    this.#judgeAgain = judgeAgain;
  }

  add(name: string, rank: Rank): void {
    this.#ranks.set(name, rank);
  }

  delete(name: string): void {
    this.#ranks.delete(name);
  }

  /** Asks all of them in order. One that comes in may leave room behind elsewhere: then they are asked once more. */
  review(): void {
    this.#isDue = true;
    if (this.#isReviewing) return;
    this.#isReviewing = true;
    try {
      while (this.#isDue) {
        this.#isDue = false;
        for (const name of this.#inOrder()) this.#judgeAgain(name);
      }
    } finally {
      this.#isReviewing = false;
    }
  }

  #inOrder(): readonly string[] {
    return [...this.#ranks]
      .sort(
        ([a, one], [b, other]) =>
          Number(other.isHolder) - Number(one.isHolder) || other.priority - one.priority || (a < b ? -1 : 1),
      )
      .map(([name]) => name);
  }
}
