import type { CgroupFacts, KernelFacts } from './facts.ts';
import { type Finding, ok, warn } from './finding.ts';

const BOOT = "in the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub), update the boot loader, reboot";

/** Whether the kernel tells how long servers wait for CPU, memory and disks. */
export function judgePressure({ hasPressure, commandLine, config }: KernelFacts): Finding {
  const check = 'pressure (PSI)';
  if (hasPressure) return ok(check, 'the kernel tells it');
  const isBuilt = config === undefined || config.get('PSI') === 'y';
  const isOff = commandLine.some((word) => /^psi=(0|n|off|false)$/.test(word));
  return warn(check, isBuilt ? 'turned off' : 'this kernel is built without it (CONFIG_PSI)', {
    cost: 'no hublet_server_pressure_* metrics, so no alert on servers that wait for memory',
    advice: isBuilt
      ? `${isOff ? 'put this in the place of psi=0' : 'put this'} ${BOOT}`
      : "use the distribution's own kernel",
    ...(isBuilt ? { lines: ['psi=1'] } : {}),
  });
}

/** Whether `resources.memory.swap`, 0 by default, is held. */
export function judgeSwap(
  { files, hierarchy }: CgroupFacts,
  { hasSwap, commandLine, config, release }: KernelFacts,
): Finding {
  const check = 'swap accounting';
  const isCounted = files['memory.swap.max'];
  if (hasSwap === false) return ok(check, 'nothing to count: this host has no swap');
  if (isCounted === true) return ok(check, 'on');
  if (isCounted === undefined) return unknown(check, 'memory', hierarchy);
  // Before Linux 6.1 an option of its own.
  const isBuilt = config === undefined || config.get('MEMCG_SWAP') === 'y' || isAtLeast(release, 6, 1);
  const isOff = commandLine.includes('swapaccount=0');
  return warn(check, 'off: this host has swap, and the kernel does not count who uses it', {
    cost: 'resources.memory.swap is not held: a server at its memory limit goes on into swap instead of being stopped there',
    advice: isBuilt
      ? `${isOff ? 'put this in the place of swapaccount=0' : 'put this'} ${BOOT}; or do without swap`
      : 'do without swap (swapoff -a)',
    ...(isBuilt ? { lines: ['swapaccount=1'] } : {}),
  });
}

/** Whether `resources.cpu.limit` is held. */
export function judgeCpuLimit({ files, hierarchy }: CgroupFacts, kernel: KernelFacts): Finding {
  const check = 'CPU limits';
  const isThere = files['cpu.max'] ?? isBuilt(kernel, 'CFS_BANDWIDTH');
  if (isThere === true) return ok(check, 'the kernel holds them (CONFIG_CFS_BANDWIDTH)');
  if (isThere === undefined) return unknown(check, 'cpu', hierarchy);
  return warn(check, 'this kernel is built without CONFIG_CFS_BANDWIDTH', {
    cost: 'resources.cpu.limit has no effect: a server may use all the CPU that the others leave it',
    advice: "use the distribution's own kernel; weights (resources.cpu.weight) work without it",
  });
}

/** Whether servers share the CPU by server, however many processes each has. */
export function judgeCpuShares({ files, hierarchy }: CgroupFacts, kernel: KernelFacts): Finding {
  const check = 'CPU shares';
  const isThere = files['cpu.weight'] ?? isBuilt(kernel, 'FAIR_GROUP_SCHED');
  if (isThere === true) return ok(check, 'fair by server (CONFIG_FAIR_GROUP_SCHED)');
  if (isThere === undefined) return unknown(check, 'cpu', hierarchy);
  return warn(check, 'this kernel is built without CONFIG_FAIR_GROUP_SCHED', {
    cost: 'the CPU is shared by process: who starts more of them gets more, and resources.cpu.weight has no effect',
    advice: "use the distribution's own kernel",
  });
}

/**
 * Undefined: nothing tells. systemd gives no cgroup the controller cpu before something asks for it, so before there is a server
 * only the kernel itself can say.
 * @see the kernel's init/Kconfig: CFS_BANDWIDTH depends on FAIR_GROUP_SCHED
 */
function isBuilt(
  { config, hasCpuLimitSysctl }: KernelFacts,
  option: 'CFS_BANDWIDTH' | 'FAIR_GROUP_SCHED',
): boolean | undefined {
  if (hasCpuLimitSysctl) return true;
  return config === undefined ? undefined : config.get(option) === 'y';
}

function isAtLeast(release: string, major: number, minor: number): boolean {
  const [ofMajor = 0, ofMinor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return ofMajor > major || (ofMajor === major && ofMinor >= minor);
}

function unknown(check: string, controller: string, hierarchy: CgroupFacts['hierarchy']): Finding {
  return warn(check, `not known: no cgroup was found that has the controller ${controller}`, {
    cost: `whether the kernel does it shows only once a server runs`,
    advice: hierarchy === 'unified' ? 'look again then' : 'begin with cgroup v2, then look again',
  });
}
