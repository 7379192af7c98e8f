import { sha256Hex } from '../store/digest.ts';

/** When files vanish: which servers go, and which wait for a person. */
export interface PruneRule {
  /** False: never hold. */
  readonly isOn: boolean;
  readonly minCount: number;
  readonly maxFraction: number;
}

/** How long a file must have been away, in listings that succeeded: editors unlink and create. */
export const PROVEN_AFTER_MS = 1_000;
const WINDOW_MS = 60_000;

export interface Removals {
  /** Names of the source, absent ones included. */
  readonly known: number;
  /** Monotonic time at which each absent name was first missed. */
  readonly absentSinceMs: ReadonlyMap<string, number>;
  /** Monotonic times at which names were missed that have been removed since. */
  readonly removedMs: readonly number[];
  readonly held: ReadonlySet<string>;
}

export interface RemovalPlan {
  readonly remove: readonly string[];
  /** To be held from now on, besides those that are. */
  readonly hold: readonly string[];
}

/**
 * What to do about absent names now. Held ones are never in the answer: they wait until they return or are released.
 *
 * Held: where at least `minCount` vanished within 60 s and they are more than `maxFraction` of the source's servers.
 */
export function planRemovals(removals: Removals, rule: PruneRule, nowMs: number): RemovalPlan {
  const { known, absentSinceMs, removedMs, held } = removals;
  const proven = [...absentSinceMs].filter(([name, sinceMs]) => !held.has(name) && isProven(sinceMs, nowMs));
  const names = proven.map(([name]) => name);
  const recentlyRemoved = removedMs.filter((ms) => isRecent(ms, nowMs)).length;
  const vanished = [...absentSinceMs.values()].filter((ms) => isRecent(ms, nowMs)).length + recentlyRemoved;
  const isMass = vanished >= rule.minCount && vanished > rule.maxFraction * (known + recentlyRemoved);
  return rule.isOn && isMass ? { remove: [], hold: names } : { remove: names, hold: [] };
}

/** True while a name missed then counts as vanishing together with one missed now. */
export function isRecent(missedMs: number, nowMs: number): boolean {
  return nowMs - missedMs <= WINDOW_MS;
}

export function isProven(missedMs: number, nowMs: number): boolean {
  return nowMs - missedMs >= PROVEN_AFTER_MS;
}

/** Whether a directory that came back as another inode shows enough of what is known to be the same desired state. */
export function isSameState(known: number, present: number, rule: PruneRule): boolean {
  return present >= known * (1 - rule.maxFraction);
}

/** Names the exact set of held names: any change of it makes another digest. Undefined: none held. */
export function pruneDigest(held: Iterable<string>): string | undefined {
  const names = [...held].sort();
  return names.length === 0 ? undefined : sha256Hex(names.join('\n'));
}
