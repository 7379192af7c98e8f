import type { Usage } from '../cgroup/types.ts';
import type { Config } from '../config/types.ts';
import { canonicalValue } from '../units/canonical.ts';
import type { UnitProperty } from '../units/types.ts';

/** Limits that are not as the spec has them, by who made them so. */
export interface Differences {
  /** New in the spec: to be set. */
  readonly wishes: readonly UnitProperty[];
  /** Changed by somebody: to be set back. */
  readonly drift: readonly UnitProperty[];
  /** Somebody else's, and to be left as they are. */
  readonly leave: readonly UnitProperty[];
}

/**
 * Which differences to set right. A value that the spec had before and that was seen in force was changed by somebody
 * (drift), and the configuration's `drift` may leave it; any other is a new wish, which counts in any case. What an
 * administrator's drop-in sets is left always: systemd would take the spec's value away again.
 *
 * @param inForce the spec's limits last seen in force, as `limitsText` gives them
 * @param dropIns systemd's names of the properties that drop-ins set
 */
export function splitDrift(
  differences: readonly UnitProperty[],
  inForce: string,
  { isCorrected, ignore }: Config['drift'],
  dropIns: ReadonlyMap<string, unknown>,
): Differences {
  const seen = new Set(inForce.split('\n'));
  const kindOf = (property: UnitProperty): keyof Differences => {
    if (dropIns.has(property.name)) return 'leave';
    if (!seen.has(limitText(property))) return 'wishes';
    return !isCorrected || ignore.includes(property.name) ? 'leave' : 'drift';
  };
  const of = (kind: keyof Differences) => differences.filter((property) => kindOf(property) === kind);
  return { wishes: of('wishes'), drift: of('drift'), leave: of('leave') };
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
