/** So many invocations keep their own count of kills: the question comes when one has just ended. */
const INVOCATIONS_KEPT = 4;

/** Kills for memory by invocation, each of which may have several cgroups, one after the other. */
export class KillCounts {
  /** In the order they began; cgroups that are gone are in `ended`. */
  readonly #counts = new Map<string, { readonly ended: number; readonly live: number }>();

  of(invocationId: string): number {
    const count = this.#counts.get(invocationId);
    return count === undefined ? 0 : count.ended + count.live;
  }

  begin(invocationId: string): void {
    if (!this.#counts.has(invocationId)) this.#counts.set(invocationId, { ended: 0, live: 0 });
    for (const oldest of this.#counts.keys()) {
      if (this.#counts.size <= INVOCATIONS_KEPT) break;
      this.#counts.delete(oldest);
    }
  }

  /** What the present cgroup of an invocation has counted. Undefined: nobody knows, and one that has not begun: nothing. */
  note(invocationId: string, live: number | undefined): void {
    const count = this.#counts.get(invocationId);
    if (live === undefined || count === undefined) return;
    this.#counts.set(invocationId, { ended: count.ended, live: Math.max(count.live, live) });
  }

  /** The present cgroup of an invocation is gone; a next one counts from 0. */
  endCgroup(invocationId: string): void {
    const count = this.#counts.get(invocationId);
    if (count !== undefined) this.#counts.set(invocationId, { ended: this.of(invocationId), live: 0 });
  }
}
