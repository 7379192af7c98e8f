import type { UnitPlan } from './types.ts';

/**
 * A plan that can let go of what only a start asks for: properties and environment are most of what a server takes of the
 * controller's memory, and a server that runs needs neither. Who asks for them again has them compiled again.
 */
export class KeptPlan implements UnitPlan {
  readonly unit: string;
  readonly live: UnitPlan['live'];
  readonly hash: string;
  readonly #compile: () => UnitPlan;
  #whole: UnitPlan | undefined;

  /** @param compile gives the same plan each time. @param whole that plan, where it is there already. @throws what `compile` throws, as it is called at once otherwise */
  constructor(compile: () => UnitPlan, whole?: UnitPlan) {
    this.#compile = compile;
    this.#whole = whole;
    const { unit, live, hash } = this.#ensure();
    this.unit = unit;
    this.live = live;
    this.hash = hash;
  }

  get properties(): UnitPlan['properties'] {
    return this.#ensure().properties;
  }

  get environmentFile(): UnitPlan['environmentFile'] {
    return this.#ensure().environmentFile;
  }

  /** The server is up: until its next start nobody asks for all of it. */
  slim(): void {
    this.#whole = undefined;
  }

  #ensure(): UnitPlan {
    this.#whole ??= this.#compile();
    return this.#whole;
  }
}
