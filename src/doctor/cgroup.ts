import { CONTROLLERS, type Controller } from '../units/userMode.ts';
import type { Caller, CgroupFacts } from './facts.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const WHAT_NEEDS: Readonly<Record<Controller, string>> = {
  cpu: 'resources.cpu.limit and weight',
  cpuset: 'resources.cpu.cpus',
  io: 'resources.io',
  memory: 'resources.memory, the count of kills for memory',
  pids: 'resources.tasks',
};

/** Those without which one server can take the whole host. */
const VITAL: readonly Controller[] = ['cpu', 'memory', 'pids'];

const HOW_MOUNTED = {
  hybrid: 'this host mounts cgroup v1, with v2 beside it for systemd alone (hybrid)',
  legacy: 'this host mounts cgroup v1',
  none: 'no cgroups are mounted at /sys/fs/cgroup',
} as const;

/** Whether cgroup v2 is all there is. */
export function judgeHierarchy({ hierarchy }: CgroupFacts): Finding {
  const check = 'cgroup v2';
  if (hierarchy === 'unified') return ok(check, 'mounted, and nothing of v1');
  return fail(check, HOW_MOUNTED[hierarchy], {
    cost: 'systemd takes limits there that the kernel does not hold, and nothing tells what servers use',
    advice:
      hierarchy === 'none'
        ? 'use a host that systemd boots; in a container, one that is given its own cgroup v2'
        : "add the option to the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub), update the boot loader, reboot",
    ...(hierarchy === 'none' ? {} : { lines: ['systemd.unified_cgroup_hierarchy=1', 'update-grub && reboot'] }),
  });
}

/** Whether limits can be held: the controllers of the host, or those that an admin delegated to the user's manager. */
export function judgeControllers(cgroup: CgroupFacts, caller: Caller): Finding {
  const check = 'controllers';
  const there = cgroup.hierarchy === 'unified' ? cgroup.controllers : undefined;
  if (there === undefined) return unknownControllers(cgroup, caller);
  const missing = CONTROLLERS.filter((name) => !there.includes(name));
  const found = CONTROLLERS.filter((name) => there.includes(name)).join(' ') || 'none';
  if (missing.length === 0) return ok(check, caller.isUserMode ? `${found}, delegated to your systemd` : found);
  const words = `${found}; not ${missing.join(', ')}`;
  const fields = missing.map((name) => WHAT_NEEDS[name]).join(', ');
  if (caller.isUserMode) {
    return warn(check, `delegated to your systemd: ${words}`, {
      cost: `specs with these fields are refused: ${fields}`,
      advice: "have an admin delegate them, then run 'systemctl --user daemon-reexec'",
      lines: [
        'mkdir -p /etc/systemd/system/user@.service.d',
        `printf '[Service]\\nDelegate=${CONTROLLERS.join(' ')}\\n' > /etc/systemd/system/user@.service.d/delegate.conf`,
        'systemctl daemon-reload',
      ],
    });
  }
  const judge = missing.some((name) => VITAL.includes(name)) ? fail : warn;
  return judge(check, words, {
    cost: `systemd takes these limits and the kernel does not hold them: ${fields}`,
    advice:
      "take cgroup_disable= out of the kernel's command line and add the option (Raspberry Pi: cmdline.txt), reboot; " +
      'where that changes nothing the kernel is built without them',
    lines: [missing.includes('memory') ? 'cgroup_enable=memory' : `cgroup_no_v1=${missing.join(',')}`],
  });
}

function unknownControllers({ hierarchy }: CgroupFacts, { isUserMode }: Caller): Finding {
  const check = 'controllers';
  if (hierarchy !== 'unified') {
    return fail(check, 'none on cgroup v2', {
      cost: 'no limit of memory, CPU or tasks can be held',
      advice: 'begin with cgroup v2',
    });
  }
  const cost = 'whether limits are held is not known';
  return isUserMode
    ? warn(check, 'your systemd has no cgroup', { cost, advice: 'begin with D-Bus, above' })
    : fail(check, "cgroup.controllers can't be read", { cost, advice: 'look at /sys/fs/cgroup/cgroup.controllers' });
}
