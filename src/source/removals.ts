/** Whose file is gone, and what follows: removed, held for a person, or confirmed by one. Does no I/O; what it says is remembered by whom it tells. */
import type { Log } from '../log.ts';
import { Absences } from './absence.ts';
import type { SourceMemory } from './memory.ts';
import type { PruneRule } from './prune.ts';
import { PruneRelease } from './pruneRelease.ts';

export interface RemovalsOptions {
  /** Of the directory: which one the log speaks of. */
  readonly path: string;
  readonly memory: Omit<SourceMemory, 'inode'>;
  readonly log: Log;
  /** Asked at each decision. */
  rule(): PruneRule;
  /** Names that are not deleted, whether their files are there or missing. */
  servers(): readonly string[];
  /** True: another source has a file of that name, so it moved rather than vanished. */
  isElsewhere(name: string): boolean;
  /** The name is gone for good. */
  remove(name: string): void;
  /** `memory` has changed. */
  remember(): void;
}

/** The removals of one directory. */
export class Removals {
  readonly #options: RemovalsOptions;
  readonly #absences: Absences;
  readonly #release: PruneRelease;

  constructor(options: RemovalsOptions) {
    this.#options = options;
    this.#absences = new Absences(() => options.rule(), options.memory.held);
    this.#release = new PruneRelease(options.memory.release);
  }

  /** What a later controller must know. */
  get memory(): Omit<SourceMemory, 'inode'> {
    return { held: this.#absences.held(), release: this.#release.stored };
  }

  /** Names whose removal waits for a person, sorted. */
  held(): readonly string[] {
    return this.#absences.held();
  }

  /** The name waits for a person, whatever the rule says. */
  hold(name: string): void {
    this.#absences.hold(name);
  }

  /** Nobody asks for the name any more. */
  drop(name: string): void {
    this.#absences.drop(name);
    if (this.#release.settle(name)) this.#options.remember();
  }

  /** The directory was lost: what was missed before proves nothing. */
  restart(): void {
    this.#absences.restart();
  }

  /** The file of the name is there: a removal that a person confirmed is none any more. */
  seen(name: string): void {
    if (this.#release.settleListed((one) => one === name)) this.#options.remember();
  }

  /** Takes in a listing that succeeded, and removes or holds what is proven to be gone. True: who is held or confirmed has changed by what came back. */
  settle(isListed: (name: string) => boolean, nowMs: number): boolean {
    const isOff = this.#release.settleListed(isListed);
    const isBack = this.#absences.update(this.#options.servers(), isListed, nowMs);
    for (const name of [...this.#absences.proven(nowMs), ...this.#absences.held()]) {
      // It moved to another source, so it has not vanished; or a person confirmed it to an earlier controller.
      if (this.#options.isElsewhere(name) || this.#release.has(name)) this.#remove(name);
    }
    const plan = this.#absences.settle(this.#options.servers().length, nowMs);
    for (const name of plan.remove) this.#remove(name);
    if (plan.hold.length > 0) {
      const held = this.#absences.held().length;
      this.#options.log.warn(
        { source: this.#options.path, held },
        'many specs vanished at once, their servers are kept',
      );
    }
    const isChanged = isOff || isBack || plan.hold.length > 0;
    if (isChanged) this.#options.remember();
    return isChanged;
  }

  /** True: the last release was of exactly that set. */
  isLastRelease(digest: string): boolean {
    return this.#release.isLast(digest);
  }

  /** A person confirmed that these go. They are not held again, whatever happens before that is done. */
  release(digest: string, names: readonly string[]): void {
    this.#release.add(digest, names);
    for (const name of names) this.#remove(name);
  }

  /** Milliseconds until the next absence is proven; undefined where none waits for that. */
  nextProofInMs(nowMs: number): number | undefined {
    return this.#absences.nextProofInMs(nowMs);
  }

  #remove(name: string): void {
    this.#absences.drop(name);
    this.#options.log.info({ server: name, source: this.#options.path }, 'spec is gone');
    this.#options.remove(name);
  }
}
