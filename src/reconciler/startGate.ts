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
  readonly #capacity: number;
  readonly #inside = new Set<string>();
  readonly #waiting = new Map<string, Waiting>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** True: it may start, and holds a place until `leave`. False: it stands in line, and `next` will name it. */
  enter(name: string, priority: number): boolean {
    if (this.#inside.has(name)) return true;
    const isFirst = this.#next(this.#capacity - this.#inside.size).some((waiting) => waiting === name);
    const hasRoom = this.#inside.size + this.#waiting.size < this.#capacity;
    if (isFirst || hasRoom) {
      this.#waiting.delete(name);
      this.#inside.add(name);
      return true;
    }
    this.#waiting.set(name, { name, priority });
    return false;
  }

  /** Notes that a server is starting whoever asked for it, as one found at start-up is; it may exceed the capacity. */
  occupy(name: string): void {
    this.#waiting.delete(name);
    this.#inside.add(name);
  }

  /** Gives the place, or the place in line, back. Returns the names that may enter now. */
  leave(name: string): readonly string[] {
    // One in line may have been the next, and the place it didn't take is free for another.
    const wasWaiting = this.#waiting.delete(name);
    if (!this.#inside.delete(name) && !wasWaiting) return [];
    return this.#next(this.#capacity - this.#inside.size);
  }

  /** How many wait in line. */
  waiting(): number {
    return this.#waiting.size;
  }

  #next(places: number): string[] {
    if (places <= 0 || this.#waiting.size === 0) return [];
    return [...this.#waiting.values()]
      .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
      .slice(0, places)
      .map((waiting) => waiting.name);
  }
}
