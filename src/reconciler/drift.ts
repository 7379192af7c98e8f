import type { Usage } from '../cgroup/types.ts';

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
