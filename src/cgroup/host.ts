import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { errorCode } from './errorCode.ts';
import { parseSingle } from './parse.ts';
import { CGROUP_ROOT } from './read.ts';

/** What percentages are parts of. */
export interface HostResources {
  /** Installed memory, or what the container that this is has of it. */
  readonly memoryBytes: number;
  /** CPUs that are on; never 0. */
  readonly cpuCount: number;
}

/**
 * Memory and CPUs of this host now; both may change while it runs.
 *
 * In a container the limit of its own cgroup is all the memory there is, as systemd has it for MemoryMax=80%.
 * @see systemd.resource-control(5), "MemoryMax="
 */
export function readHostResources(cgroupRoot: string = CGROUP_ROOT): HostResources {
  return {
    memoryBytes: Math.min(totalmem(), rootLimitBytes(cgroupRoot) ?? Number.POSITIVE_INFINITY),
    cpuCount: Math.max(1, cpus().length),
  };
}

/** The real root cgroup has no limits, and no such file; undefined then. */
function rootLimitBytes(cgroupRoot: string): number | undefined {
  try {
    return parseSingle(readFileSync(join(cgroupRoot, 'memory.max'), 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
