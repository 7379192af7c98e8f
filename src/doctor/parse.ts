import type { CgroupFacts, PortRange } from './facts.ts';

/** How cgroups are mounted at `mountPoint`. @see proc(5), /proc/pid/mountinfo: the type follows a field of one hyphen */
export function parseHierarchy(mountinfo: string, mountPoint: string): CgroupFacts['hierarchy'] {
  let hasV1 = false;
  let hasV2Beside = false;
  let top: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const path = before.split(' ')[4];
    const type = after.split(' ')[0];
    // A later mount hides an earlier one.
    if (path === mountPoint) top = type;
    else if (path?.startsWith(`${mountPoint}/`) === true) {
      hasV1 ||= type === 'cgroup';
      hasV2Beside ||= type === 'cgroup2';
    }
  }
  if (top === 'cgroup2') return 'unified';
  if (hasV1 || top === 'cgroup') return hasV2Beside ? 'hybrid' : 'legacy';
  return hasV2Beside ? 'hybrid' : 'none';
}

/** Options of a kernel's build, without `CONFIG_`; those that are not set are absent. */
export function parseKernelConfig(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^CONFIG_(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

/** The hard limit of the line `Max open files`; infinity: none. @see proc(5), /proc/pid/limits */
export function parseOpenFilesLimit(text: string): number | undefined {
  const hard = /^Max open files\s+\S+\s+(\d+|unlimited)/m.exec(text)?.[1];
  if (hard === undefined) return undefined;
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}

/** One whole number, as most files of /proc/sys hold. */
export function parseNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}

/** Two numbers, `32768 60999`. @see ip(7), ip_local_port_range */
export function parsePortPair(text: string | undefined): PortRange | undefined {
  const match = /^(\d+)\s+(\d+)$/.exec(text?.trim() ?? '');
  return match === null ? undefined : { first: Number(match[1]), last: Number(match[2]) };
}

/** `8080,9148-9150`. @see kernel Documentation/networking/ip-sysctl.rst, ip_local_reserved_ports */
export function parsePortList(text: string | undefined): readonly PortRange[] {
  return [...(text ?? '').matchAll(/(\d+)(?:-(\d+))?/g)].map(([, first, last]) => ({
    first: Number(first),
    last: Number(last ?? first),
  }));
}

/** Whether any swap is listed; the first line is a heading. @see proc(5), /proc/swaps */
export function parseHasSwap(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : text.trim().split('\n').length > 1;
}
