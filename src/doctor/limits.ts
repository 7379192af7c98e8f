import type { Caller, LimitFacts } from './facts.ts';
import { type Finding, ok, warn } from './finding.ts';

/** One for each server and each source. */
const FEW_WATCHES = 1024;
/** What hublet.service asks for: LimitNOFILE=. */
const SERVICE_FILES = 524_288;
/** Descriptors that are kept open for the cgroup files of one server, but at level full. */
const FILES_OF_A_SERVER = 11;
const FEW_FILES = 4096;
const WATCH_COST =
  'changed specs are seen by listing, every 5 s instead of at once, and kills for memory at the next measuring';

/** Whether files and cgroups can be watched. */
export function judgeInotify({ inotifyWatches, inotifyInstances, inotifyRefusal }: LimitFacts): Finding {
  const check = 'inotify';
  const limits = `${inotifyWatches ?? 'unknown'} watches, ${inotifyInstances ?? 'unknown'} instances for each user`;
  switch (inotifyRefusal) {
    case undefined:
      break;
    case 'EMFILE':
      return warn(check, `no instance is left: ${limits}`, {
        cost: WATCH_COST,
        advice: 'end a program that holds many of them, or raise the limit',
        lines: sysctl('fs.inotify.max_user_instances', 1024),
      });
    case 'ENOSPC':
      return warn(check, `no watch is left: ${limits}`, {
        cost: WATCH_COST,
        advice: 'raise the limit',
        lines: sysctl('fs.inotify.max_user_watches', 524_288),
      });
    default:
      return warn(check, `a watch can't be made: ${inotifyRefusal}`, {
        cost: WATCH_COST,
        advice: 'look whether a container or a security module forbids it',
      });
  }
  if (inotifyWatches !== undefined && inotifyWatches < FEW_WATCHES) {
    return warn(check, limits, {
      cost: `each server takes a watch; without one, ${WATCH_COST}`,
      advice: 'raise the limit',
      lines: sysctl('fs.inotify.max_user_watches', 524_288),
    });
  }
  return ok(check, limits);
}

/** Whether the controller may open a file for every measure of every server. */
export function judgeFiles({ filesOfAny, filesOfThis }: LimitFacts, { isUserMode }: Caller): Finding {
  const check = 'open files';
  if (!isUserMode) {
    if (filesOfAny === undefined || filesOfAny >= SERVICE_FILES)
      return ok(check, `hublet.service asks for ${SERVICE_FILES} and can have them`);
    return warn(check, `no process may open more than ${filesOfAny} (fs.nr_open)`, {
      cost: costOf(filesOfAny),
      advice: `raise it to the ${SERVICE_FILES} that hublet.service asks for`,
      lines: sysctl('fs.nr_open', 1_048_576),
    });
  }
  if (filesOfThis === undefined) return ok(check, 'not known');
  if (filesOfThis === Number.POSITIVE_INFINITY) return ok(check, 'any number');
  if (filesOfThis >= FEW_FILES) return ok(check, `up to ${filesOfThis} in this session`);
  return warn(check, `up to ${filesOfThis} in this session`, {
    cost: costOf(filesOfThis),
    advice: "have an admin raise it, then run 'systemctl --user daemon-reexec'",
    lines: [
      'mkdir -p /etc/systemd/system/user@.service.d',
      `printf '[Service]\\nLimitNOFILE=${SERVICE_FILES}\\n' > /etc/systemd/system/user@.service.d/files.conf`,
      'systemctl daemon-reload',
    ],
  });
}

function costOf(files: number): string {
  const servers = Math.floor(files / 2 / FILES_OF_A_SERVER);
  return `with more than about ${servers} servers each measuring opens files anew, which costs more CPU`;
}

/** What keeps a sysctl over boots and sets it now. */
export function sysctl(name: string, value: number | string): readonly string[] {
  return [`echo '${name} = ${value}' >> /etc/sysctl.d/90-hublet.conf`, 'sysctl --system'];
}
