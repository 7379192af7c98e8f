import { formatSize } from '../spec/quantities.ts';
import type { LiveValues } from './diff.ts';
import { INFINITY } from './syntax/amounts.ts';
import { propertyRow } from './table.ts';
import type { UnitProperty } from './types.ts';

/** What may be set on a running unit now. */
export interface ResizePlan {
  readonly apply: readonly UnitProperty[];
  /** Memory limits that must wait, all of them together; undefined: none. */
  readonly deferred: DeferredResize | undefined;
}

export interface DeferredResize {
  readonly properties: readonly UnitProperty[];
  /** One sentence for the condition Resized=False. */
  readonly message: string;
}

/** Properties that take memory from a server when they shrink. @see kernel cgroup-v2.rst, "memory.max" */
const SQUEEZING: readonly string[] = ['MemoryMax', 'MemoryHigh'];

/**
 * Splits the differences of `diffLive` into what is safe now and what must wait.
 *
 * MemoryMax and MemoryHigh never shrink below 1.05 times the working set (systemd would say yes, and the kernel kill); while one of
 * them can't, no memory property changes, so that limit, high and swap stay a set. A working set that is not known (undefined) lets
 * nothing shrink. Growing, and CPU and tasks, never wait. `user` is who uses the memory, in words.
 */
export function planResize(
  differences: readonly UnitProperty[],
  live: LiveValues,
  workingSetBytes: number | undefined,
  user = 'the server',
): ResizePlan {
  const blocked = differences.filter((difference) => isSqueeze(difference, live, workingSetBytes));
  const [first] = blocked;
  if (first === undefined) return { apply: differences, deferred: undefined };
  const properties = differences.filter(isMemory);
  return {
    apply: differences.filter((difference) => !isMemory(difference)),
    deferred: { properties, message: deferredMessage(first, workingSetBytes, user) },
  };
}

function isSqueeze({ name, value }: UnitProperty, live: LiveValues, workingSetBytes: number | undefined): boolean {
  if (!SQUEEZING.includes(name)) return false;
  const wanted = BigInt(value as bigint);
  const present = live[name] === undefined ? INFINITY : BigInt(live[name] as bigint | number);
  if (wanted >= present) return false;
  return workingSetBytes === undefined || wanted * 100n < BigInt(Math.ceil(workingSetBytes)) * 105n;
}

function isMemory({ name }: UnitProperty): boolean {
  const row = propertyRow(name);
  return row?.change === 'live' && row.resource === 'memory' && row.signature === 't';
}

function deferredMessage({ name, value }: UnitProperty, workingSetBytes: number | undefined, user: string): string {
  const wanted = `${name} ${formatSize(Number(value))}`;
  if (workingSetBytes === undefined) return `${wanted} waits: how much memory ${user} uses is not known yet`;
  const used = `${Math.ceil(workingSetBytes / 1024 ** 2)}M`;
  return `${wanted} waits: ${user} uses ${used}, and a limit below that and 5% more would stop it`;
}
