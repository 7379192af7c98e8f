import type { Usage } from '../cgroup/types.ts';
import type { Config } from '../config/types.ts';
import { canonicalValue } from '../units/canonical.ts';
import type { UnitProperty } from '../units/types.ts';

/** Limits that are not as the spec has them. */
export interface Differences {
  /** To be set. */
  readonly correct: readonly UnitProperty[];
  /** Changed by somebody, and by the configuration's `drift` to be left as they are. */
  readonly leave: readonly UnitProperty[];
}

/**
 * Which differences to set right. A value that the spec had before and that was seen in force was changed by somebody
 * (drift); any other is a new wish, which counts in any case. `inForce`: the spec's limits last seen in force, as `limitsText`
 * gives them.
 */
export function splitDrift(
  differences: readonly UnitProperty[],
  inForce: string,
  { isCorrected, ignore }: Config['drift'],
): Differences {
  const seen = new Set(inForce.split('\n'));
  const isLeft = (property: UnitProperty) =>
    seen.has(limitText(property)) && (!isCorrected || ignore.includes(property.name));
  return {
    correct: differences.filter((property) => !isLeft(property)),
    leave: differences.filter(isLeft),
  };
}

/** Equal texts: equal limits. */
export function limitsText(limits: readonly UnitProperty[]): string {
  return limits.map(limitText).join('\n');
}

function limitText({ name, value }: UnitProperty): string {
  return `${name}=${canonicalValue(value)}`;
}

const PAGE_BYTES = 4096;
/** cpu.max is written in microseconds of a period of 100 ms, rounded. */
const CORES_TOLERANCE = 0.002;
const INFINITY = 2n ** 64n - 1n;

/**
 * Whether the limits that the kernel enforces (cgroup files) differ from those that systemd last reported.
 *
 * A cheap question that costs no D-Bus call; only where it says yes is systemd asked. False while either is not known.
 */
export function limitsDiffer(usage: Usage | undefined, live: Readonly<Record<string, unknown>> | undefined): boolean {
  if (usage === undefined || live === undefined) return false;
  return (
    bytesDiffer(usage.memoryLimitBytes, live.MemoryMax) ||
    bytesDiffer(usage.memoryHighBytes, live.MemoryHigh) ||
    countDiffers(usage.tasksLimit, live.TasksMax) ||
    coresDiffer(usage.cpuLimitCores, live.CPUQuotaPerSecUSec)
  );
}

/** The value where it is set, undefined for `infinity`; null where systemd didn't report it. */
function setValue(value: unknown): number | undefined | null {
  if (typeof value !== 'bigint' && typeof value !== 'number') return null;
  return BigInt(value) === INFINITY ? undefined : Number(value);
}

function bytesDiffer(inForce: number | undefined, reported: unknown): boolean {
  const wanted = setValue(reported);
  if (wanted === null) return false;
  const pages = (bytes: number | undefined) => (bytes === undefined ? undefined : Math.floor(bytes / PAGE_BYTES));
  return pages(inForce) !== pages(wanted);
}

function countDiffers(inForce: number | undefined, reported: unknown): boolean {
  const wanted = setValue(reported);
  return wanted !== null && inForce !== wanted;
}

function coresDiffer(inForce: number | undefined, reported: unknown): boolean {
  const wanted = setValue(reported);
  if (wanted === null) return false;
  if (inForce === undefined || wanted === undefined) return inForce !== wanted;
  return Math.abs(inForce - wanted / 1_000_000) > CORES_TOLERANCE;
}
