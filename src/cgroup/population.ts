import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from './errorCode.ts';
import { CGROUP_ROOT } from './read.ts';

/**
 * Whether processes are in a cgroup or below it; false where there is no such cgroup. One that can't be read counts as
 * populated: what may still run is not to be run twice.
 *
 * @param controlGroup path below the mount, as systemd has it
 * @see kernel Documentation/admin-guide/cgroup-v2.rst, "cgroup.events"
 */
export function hasProcesses(controlGroup: string, root: string = CGROUP_ROOT): boolean {
  try {
    return /^populated 1$/m.test(readFileSync(join(root, controlGroup, 'cgroup.events'), 'latin1'));
  } catch (error) {
    // ENODEV: it went while it was read.
    return !['ENOENT', 'ENODEV', 'ENOTDIR'].includes(errorCode(error) ?? '');
  }
}
