import { canonicalValue } from './canonical.ts';
import { diffLive, type LiveValues } from './diff.ts';
import { planResize, type ResizePlan } from './resize.ts';
import { INFINITY } from './syntax/amounts.ts';
import type { UnitProperty } from './types.ts';

export interface PoolResizeInput {
  readonly pool: string;
  /** All live properties that the slice should have. */
  readonly wanted: readonly UnitProperty[];
  readonly live: LiveValues;
  /** What its servers use; undefined: not known, so nothing shrinks. */
  readonly workingSetBytes: number | undefined;
  /** True: only what gives servers more, as long as they have not been told that they get less. */
  readonly isGrowingOnly: boolean;
  /** False: not all its servers are known yet, so that the sum of their guarantees may be too small. */
  readonly isEveryServerKnown: boolean;
}

/**
 * What may be set on a pool's slice now, and what must wait. As `planResize` for servers, but for the guarantee, which
 * follows the servers and waits for no limit. Pure; empty where nothing differs.
 */
export function planPoolResize(input: PoolResizeInput): ResizePlan {
  const { live, isGrowingOnly, isEveryServerKnown } = input;
  const differences = diffLive(input.wanted, live).filter(
    (difference) =>
      (!isGrowingOnly || isGrowth(difference, live)) &&
      (difference.name !== 'MemoryLow' || isEveryServerKnown || isGrowth(difference, live)),
  );
  const isGuarantee = ({ name }: UnitProperty) => name === 'MemoryLow';
  const limits = differences.filter((difference) => !isGuarantee(difference));
  const { apply, deferred } = planResize(limits, live, input.workingSetBytes, `pool ${input.pool}`);
  return { apply: [...differences.filter(isGuarantee), ...apply], deferred };
}

/** Whether it gives more than there is now. A weight or a set of CPUs is no more or less than another. */
function isGrowth({ name, signature, value }: UnitProperty, live: LiveValues): boolean {
  if (signature !== 't' || name.endsWith('Weight')) return false;
  const unset = name === 'MemoryLow' ? 0n : INFINITY;
  return BigInt(value as bigint) > BigInt((live[name] as bigint | number | undefined) ?? unset);
}

/** Equal texts: equal values. */
export function propertyText({ value }: UnitProperty): string {
  return canonicalValue(value);
}
