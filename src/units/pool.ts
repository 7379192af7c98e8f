import type { Amount, Pool } from '../spec/pool.ts';
import { cpuMask } from './cpuset.ts';
import { INFINITY } from './syntax/amounts.ts';
import { type LiveRow, liveRows } from './table.ts';
import type { UnitProperty } from './types.ts';

/** What percentages of a pool are parts of. */
export interface HostFacts {
  readonly memoryBytes: number;
  /** CPUs that are on. */
  readonly cpuCount: number;
}

const PREFIX = 'hublet-';
const SUFFIX = '.slice';

/** Slice of servers that are in no pool. Its limits are the administrator's: hublet never sets one. */
export const ROOT_SLICE = 'hublet.slice';

/** systemd's name of a pool; of none (undefined), the slice that holds all. Pool names have no `-`, which would nest slices. */
export function poolSlice(pool: string | undefined): string {
  return pool === undefined ? ROOT_SLICE : `${PREFIX}${pool}${SUFFIX}`;
}

/** The pool whose slice holds a control group such as `/hublet.slice/hublet-gpu.slice/hublet-a.service`; undefined: none does. */
export function poolOfControlGroup(controlGroup: string): string | undefined {
  const slice = controlGroup.split('/').at(-2) ?? '';
  const match = /^hublet-([a-z0-9_]{1,32})\.slice$/.exec(slice);
  return match?.[1];
}

/**
 * The control group that systemd makes for a unit of a pool, or of none (undefined), below that of the manager, unless a drop-in
 * puts it into another slice: to be asked for where more than a hint is needed.
 *
 * @param managerGroup of systemd itself; empty: the root
 * @see systemd.slice(5): a slice lies in those that its name begins with, up to each dash
 */
export function expectedControlGroup(managerGroup: string, pool: string | undefined, unit: string): string {
  const slices = pool === undefined ? ROOT_SLICE : `${ROOT_SLICE}/${poolSlice(pool)}`;
  return `${managerGroup}/${slices}/${unit}`;
}

/**
 * The live properties of a pool's slice: one for each row that a slice has, so that a limit that was taken away goes back.
 *
 * MemoryLow is the sum of the guarantees of the pool's servers, bytes, since a server is protected no further than its pool
 * is; at least the pool's own. `host` turns percentages into amounts.
 * @see systemd.resource-control(5); kernel Documentation/admin-guide/cgroup-v2.rst, "memory.low"
 */
export function compilePool(pool: Pool, host: HostFacts, guarantees: Iterable<number>): readonly UnitProperty[] {
  let guaranteed = 0n;
  for (const bytes of guarantees) guaranteed += BigInt(bytes);
  const own = bytesOf(pool.memoryLow, host) ?? 0n;
  return limitsOf({
    MemoryMax: bytesOf(pool.memoryMax, host),
    MemoryHigh: bytesOf(pool.memoryHigh, host),
    MemoryLow: largest(guaranteed, own),
    MemorySwapMax: integer(pool.memorySwapMaxBytes),
    CPUQuotaPerSecUSec: quotaOf(pool.cpuLimit, host),
    CPUWeight: integer(pool.cpuWeight),
    AllowedCPUs: pool.allowedCpus === undefined ? undefined : cpuMask(pool.allowedCpus),
    TasksMax: integer(pool.tasksMax),
    IOWeight: integer(pool.ioWeight),
  });
}

/** The live properties of a slice that is nobody's pool any more: none is set. */
export function releasedPool(): readonly UnitProperty[] {
  return limitsOf({});
}

/** D-Bus names of the properties of a pool's slice. */
export function poolProperties(): readonly string[] {
  return poolRows().map(({ name }) => name);
}

/** Limits alone: what a slice accounts for follows from the units in it. */
function poolRows(): readonly LiveRow[] {
  return liveRows().filter(({ name }) => OWNED.has(name));
}

/** What hublet sets on pools, and so may take away. Limits by device are not among them: those stay the administrator's. */
const OWNED: ReadonlySet<string> = new Set([
  'MemoryMax',
  'MemoryHigh',
  'MemoryLow',
  'MemorySwapMax',
  'CPUQuotaPerSecUSec',
  'CPUWeight',
  'AllowedCPUs',
  'TasksMax',
  'IOWeight',
]);

function limitsOf(values: Readonly<Record<string, unknown>>): readonly UnitProperty[] {
  return poolRows().map(({ name, signature, unset }) => ({ name, signature, value: values[name] ?? unset }));
}

/** Whole bytes, rounded down, exact for any memory. */
function bytesOf(amount: Amount | undefined, { memoryBytes }: HostFacts): bigint | undefined {
  if (amount === undefined) return undefined;
  if (amount.kind === 'exact') return BigInt(amount.amount);
  const hundredths = BigInt(Math.round(amount.percent * 100));
  return (BigInt(memoryBytes) * hundredths) / 10_000n;
}

/** Microseconds of CPU time a second, as CPUQuotaPerSecUSec= has them. */
function quotaOf(amount: Amount | undefined, { cpuCount }: HostFacts): bigint | undefined {
  if (amount === undefined) return undefined;
  return BigInt(Math.round(amount.kind === 'exact' ? amount.amount * 1e6 : cpuCount * amount.percent * 1e4));
}

/** The larger one, below what systemd takes for infinity. */
function largest(a: bigint, b: bigint): bigint {
  const most = a > b ? a : b;
  return most < INFINITY ? most : INFINITY - 1n;
}

function integer(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}
