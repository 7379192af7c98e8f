import type { Caller, KernelFacts } from './facts.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const OLDEST_NODE = 24;

/** Helper programs that hublet runs, what for, and the Debian package that has each. */
const PROGRAMS = {
  flock: { cost: 'the lock of one controller for a host', debian: 'util-linux', isVital: true },
  getent: { cost: 'looking up accounts', debian: 'libc-bin', isVital: true },
  id: { cost: 'groups of accounts', debian: 'coreutils', isVital: true },
  'systemd-notify': { cost: 'telling systemd that the controller is up', debian: 'systemd', isVital: true },
  'systemd-run': { cost: 'finding out what your systemd can do', debian: 'systemd', isVital: true },
  journalctl: { cost: "'hublet logs' and the last lines of a crash", debian: 'systemd', isVital: false },
} as const;
export type HelperProgram = keyof typeof PROGRAMS;

/** Those that are needed in this mode. */
export function neededPrograms({ isUserMode }: Pick<Caller, 'isUserMode'>): readonly HelperProgram[] {
  const all = Object.keys(PROGRAMS) as HelperProgram[];
  return all.filter((name) => isUserMode || name !== 'systemd-run');
}

/** Whether all of them are there. */
export function judgePrograms(missing: readonly string[], caller: Caller): Finding {
  const check = 'programs';
  const needed = neededPrograms(caller);
  const gone = needed.filter((name) => missing.includes(name));
  if (gone.length === 0) return ok(check, needed.join(', '));
  const packages = new Set(gone.map((name) => PROGRAMS[name].debian));
  const judge = gone.some((name) => PROGRAMS[name].isVital) ? fail : warn;
  return judge(check, `not on PATH: ${gone.join(', ')}`, {
    cost: `not possible: ${gone.map((name) => PROGRAMS[name].cost).join('; ')}`,
    advice: 'install them; on Debian they are in',
    lines: [`apt install ${[...packages].join(' ')}`],
  });
}

/** Whether this Node is new enough to run hublet from its source. */
export function judgeNode(version: string): Finding {
  const check = 'Node';
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return ok(check, version);
  return fail(check, version, {
    cost: `hublet needs ${OLDEST_NODE} or newer`,
    advice: "'sh scripts/install' brings one of its own",
  });
}

/** User mode: whether servers can have a sandbox. Undefined: nothing to say, root's systemd can always give one. */
export function judgeNamespaces({ namespaceBars }: KernelFacts, { isUserMode }: Caller): Finding | undefined {
  if (!isUserMode) return undefined;
  const check = 'user namespaces';
  if (namespaceBars.length === 0) return ok(check, 'users may make them, so servers can have a sandbox');
  const isApparmor = namespaceBars.some((bar) => bar.startsWith('kernel.apparmor'));
  return warn(check, `forbidden by ${namespaceBars.join(', ')}`, {
    cost: "specs that ask for a sandbox are refused, and servers of all others share the host's /tmp",
    advice: `have an admin allow them${isApparmor ? ', or give systemd an AppArmor profile that may' : ''}`,
    lines: [...namespaceBars.map((bar) => `echo '${allowed(bar)}' >> /etc/sysctl.d/90-hublet.conf`), 'sysctl --system'],
  });
}

function allowed(bar: string): string {
  const name = bar.split('=')[0] ?? '';
  const value = name === 'user.max_user_namespaces' ? 15_000 : name.startsWith('kernel.apparmor') ? 0 : 1;
  return `${name} = ${value}`;
}
