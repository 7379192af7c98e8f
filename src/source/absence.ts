import { isProven, isRecent, PROVEN_AFTER_MS, type PruneRule, planRemovals, type RemovalPlan } from './prune.ts';

/** Which names of a directory are missing since when, and which of those wait for a person. */
export class Absences {
  readonly #rule: () => PruneRule;
  readonly #sinceMs = new Map<string, number>();
  readonly #held: Set<string>;
  #removedMs: readonly number[] = [];

  /** `rule` is asked at each decision. */
  constructor(rule: () => PruneRule, held: readonly string[]) {
    this.#rule = rule;
    this.#held = new Set(held);
  }

  /** Sorted. */
  held(): readonly string[] {
    return [...this.#held].sort();
  }

  /** Takes in a listing that succeeded. Returns true where a held name came back. */
  update(known: readonly string[], isListed: (name: string) => boolean, nowMs: number): boolean {
    const missing = new Set(known.filter((name) => !isListed(name)));
    for (const name of missing) if (!this.#sinceMs.has(name)) this.#sinceMs.set(name, nowMs);
    for (const name of this.#sinceMs.keys()) if (!missing.has(name)) this.#sinceMs.delete(name);
    const back = [...this.#held].filter((name) => !this.#sinceMs.has(name));
    for (const name of back) this.#held.delete(name);
    return back.length > 0;
  }

  /** Names whose absence is proven and that are not held. */
  proven(nowMs: number): readonly string[] {
    const proven = [...this.#sinceMs].filter(([name, sinceMs]) => !this.#held.has(name) && isProven(sinceMs, nowMs));
    return proven.map(([name]) => name);
  }

  /** Decides about the proven ones and remembers the decision. `known` counts the source's servers, absent ones included. */
  settle(known: number, nowMs: number): RemovalPlan {
    this.#removedMs = this.#removedMs.filter((ms) => isRecent(ms, nowMs));
    const removals = { known, absentSinceMs: this.#sinceMs, removedMs: this.#removedMs, held: this.#held };
    const plan = planRemovals(removals, this.#rule(), nowMs);
    for (const name of plan.hold) this.#held.add(name);
    this.#removedMs = [...this.#removedMs, ...plan.remove.map((name) => this.#sinceMs.get(name) ?? nowMs)];
    for (const name of plan.remove) this.#sinceMs.delete(name);
    return plan;
  }

  /** The name waits for a person, whatever the rule says. */
  hold(name: string): void {
    this.#held.add(name);
  }

  /** The name is gone for another reason, such as that another source has it now. */
  drop(name: string): void {
    this.#sinceMs.delete(name);
    this.#held.delete(name);
  }

  /** The directory was lost: nothing that was missed before proves anything now. Held names stay held. */
  restart(): void {
    this.#sinceMs.clear();
  }

  /** Milliseconds until the next absence is proven; undefined where none waits for that. */
  nextProofInMs(nowMs: number): number | undefined {
    const open = [...this.#sinceMs].filter(([name, sinceMs]) => !this.#held.has(name) && !isProven(sinceMs, nowMs));
    if (open.length === 0) return undefined;
    return open.reduce((nextMs, [, sinceMs]) => Math.min(nextMs, sinceMs + PROVEN_AFTER_MS - nowMs), PROVEN_AFTER_MS);
  }
}
