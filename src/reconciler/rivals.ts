import { type Flaps, NO_FLAPS } from './flapping.ts';

/** Who else sets limits of a running unit, as far as is known. */
export interface Rivals {
  /** Properties that somebody changed and that were set back lately. */
  readonly flaps: Flaps;
  /** Properties that an administrator's drop-in sets: its path, by systemd's name. */
  readonly dropIns: ReadonlyMap<string, string>;
}

export const NO_RIVALS: Rivals = { flaps: NO_FLAPS, dropIns: new Map() };
