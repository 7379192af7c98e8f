import type { Resources } from '../spec/types.ts';
import { canonicalValue } from './canonical.ts';
import { cpuMask } from './cpuset.ts';
import { optionalProperty, property } from './property.ts';
import { liveRows, propertyRow } from './table.ts';
import type { UnitProperty } from './types.ts';

/**
 * Said though it is the kernel's own default: only where a unit says something of CPU does systemd divide CPU time between units,
 * and not between all their processes as if they were one unit's.
 *
 * @see systemd 252, src/core/cgroup.c, cgroup_context_get_mask()
 */
const USUAL_WEIGHT = 100;

/** Most limits of most servers are not set: all of those have these. */
const UNSET: readonly UnitProperty[] = liveRows().map(({ name, unset }) => property(name, unset));

/**
 * One property for every live row, so that a limit that was taken out of the spec goes back.
 *
 * @param own values of those without a field, by D-Bus name
 */
export function liveProperties(resources: Resources, own: Readonly<Record<string, unknown>> = {}): UnitProperty[] {
  const wanted = { ...own, ...limitValues(resources) };
  return UNSET.map((unset) => {
    const value = wanted[unset.name];
    return value === undefined ? unset : property(unset.name, value);
  });
}

/** Whether a live property is sent with the start: one that is as systemd has it anyway is not. */
export function isSentAtStart({ name, value }: UnitProperty): boolean {
  const row = propertyRow(name);
  if (row?.change !== 'live') return false;
  return row.isUnsetSent || canonicalValue(value) !== canonicalValue(row.unset);
}

/** Limits that each process gets at its start. @see systemd.exec(5), "LimitCPU=" */
export function processLimits({ filesMax }: Resources): UnitProperty[] {
  const files = integer(filesMax);
  return [...optionalProperty('LimitNOFILE', files), ...optionalProperty('LimitNOFILESoft', files)];
}

/** Cores as CPUQuotaPerSecUSec= has them, microseconds of CPU time a second: 1.15 is 1150000, exact to a millionth. */
export function cpuQuotaUsec(cores: number): bigint {
  return BigInt(Math.round(cores * 1e6));
}

function limitValues(resources: Resources): Readonly<Record<string, unknown>> {
  const { io } = resources;
  const swapMax = resources.memorySwapMaxBytes ?? (resources.memoryMaxBytes === undefined ? undefined : 0);
  return {
    MemoryMax: integer(resources.memoryMaxBytes),
    MemoryHigh: integer(resources.memoryHighBytes),
    MemoryLow: integer(resources.memoryLowBytes),
    MemorySwapMax: integer(swapMax),
    CPUQuotaPerSecUSec: resources.cpuLimitCores === undefined ? undefined : cpuQuotaUsec(resources.cpuLimitCores),
    CPUWeight: integer(resources.cpuWeight ?? USUAL_WEIGHT),
    AllowedCPUs: resources.allowedCpus === undefined ? undefined : cpuMask(resources.allowedCpus),
    TasksMax: integer(resources.tasksMax),
    IOWeight: integer(io?.weight),
    IOReadBandwidthMax: byPath(io?.readBytesPerSecond),
    IOWriteBandwidthMax: byPath(io?.writeBytesPerSecond),
    IOReadIOPSMax: byPath(io?.readIops),
    IOWriteIOPSMax: byPath(io?.writeIops),
  };
}

function byPath(limits: Readonly<Record<string, number>> | undefined): unknown {
  return limits === undefined ? undefined : Object.entries(limits).map(([path, limit]) => [path, BigInt(limit)]);
}

function integer(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}
