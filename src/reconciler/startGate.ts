/** Where a server stands in line: higher priority first, then by name. */
interface Waiting {
  readonly name: string;
  readonly priority: number;
}

/**
 * Lets at most `capacity` servers start at once, so that a class dropping two hundred specs doesn't starve those that
 * already work. A place is held from the request to systemd until the server is Ready, has failed, or took too long.
 */
export class StartGate {
  readonly #capacity: () => number;
  readonly #inside = new Set<string>();
  readonly #waiting = new Map<string, Waiting>();
  /** Those in line that a place is kept for: they were named, and have not entered yet. */
  readonly #named = new Set<string>();

  /** `capacity` is asked at each decision. */
  constructor(capacity: () => number) {
    this.#capacity = capacity;
  }

  /** True: it may start, and holds a place until `leave`. False: it stands in line, and a `leave` will name it. */
  enter(name: string, priority: number): boolean {
    if (this.#inside.has(name)) return true;
    this.#waiting.set(name, { name, priority });
    const isKept = this.#named.delete(name) && this.#inside.size < this.#capacity();
    if (!isKept && !this.#next().includes(name)) return false;
    this.occupy(name);
    return true;
  }

  /** Notes that a server is starting whoever asked for it, as one found at start-up is; it may exceed the capacity. */
  occupy(name: string): void {
    this.#named.delete(name);
    this.#waiting.delete(name);
    this.#inside.add(name);
  }

  /** Gives the place, or the place in line, back. Returns the names that may enter now, each told once. */
  leave(name: string): readonly string[] {
    this.#named.delete(name);
    // One in line may have been the next, and the place it didn't take is free for another.
    const wasWaiting = this.#waiting.delete(name);
    if (!this.#inside.delete(name) && !wasWaiting) return [];
    const next = this.#next();
    for (const one of next) this.#named.add(one);
    return next;
  }

  /** How many hold a place. */
  inside(): number {
    return this.#inside.size;
  }

  /** How many wait in line. */
  waiting(): number {
    return this.#waiting.size;
  }

  /** Who may have the places that are free and kept for nobody. */
  #next(): readonly string[] {
    const places = this.#capacity() - this.#inside.size - this.#named.size;
    if (places <= 0) return [];
    return [...this.#waiting.values()]
      .filter((waiting) => !this.#named.has(waiting.name))
      .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
      .slice(0, places)
      .map((waiting) => waiting.name);
  }
}
