import { join } from 'node:path';
import { type Caller, type CgroupFacts, LIMIT_FILES, type LimitFile } from '../facts.ts';
import { parseHierarchy } from '../parse.ts';
import { isThere, listDirectories, readText } from './files.ts';

const MOUNT_POINT = '/sys/fs/cgroup';
/** As deep as user.slice/user-1000.slice/user@1000.service. */
const DEPTH = 3;
/** A host may have thousands of cgroups: one that has a controller is soon found, or nowhere. */
const MOST_LOOKS = 500;

/** How cgroups are mounted, and what they can do, by the files below `root`. */
export function readCgroupFacts(root: string, { isUserMode, uid }: Caller): CgroupFacts {
  const top = join(root, MOUNT_POINT);
  const hierarchy = parseHierarchy(readText(join(root, 'proc/self/mountinfo')) ?? '', MOUNT_POINT);
  const own = isUserMode ? join(top, `user.slice/user-${uid}.slice/user@${uid}.service`) : top;
  return {
    hierarchy,
    controllers: readControllers(own),
    files:
      hierarchy === 'unified'
        ? findFiles(top)
        : { 'memory.swap.max': undefined, 'cpu.max': undefined, 'cpu.weight': undefined },
  };
}

function readControllers(cgroup: string): readonly string[] | undefined {
  const text = readText(join(cgroup, 'cgroup.controllers'));
  return text?.split(/\s+/).filter((name) => name !== '');
}

/** The root has none of these files whatever the kernel can do, and others have those of the controllers that are on for them. */
function findFiles(top: string): CgroupFacts['files'] {
  const found: Record<LimitFile, boolean | undefined> = {
    'memory.swap.max': undefined,
    'cpu.max': undefined,
    'cpu.weight': undefined,
  };
  let level: readonly string[] = [top];
  let looks = 0;
  for (let depth = 0; depth < DEPTH; depth += 1) {
    level = level.flatMap((path) => listDirectories(path).map((name) => join(path, name)));
    for (const cgroup of level) {
      looks += 1;
      const controllers = readControllers(cgroup) ?? [];
      for (const file of LIMIT_FILES) {
        const [controller = ''] = file.split('.');
        if (found[file] === undefined && controllers.includes(controller)) found[file] = isThere(join(cgroup, file));
      }
      if (looks >= MOST_LOOKS || LIMIT_FILES.every((file) => found[file] !== undefined)) return found;
    }
  }
  return found;
}
