import type { Caller, ClockFacts, HttpFacts, JournalFacts, PortFacts, PortRange } from './facts.ts';
import { type Finding, ok, warn } from './finding.ts';
import { sysctl } from './limits.ts';

/** Whether the journal can be read, which tells how servers ended. */
export function judgeJournal({ directories, isPersistent, isReadable }: JournalFacts, caller: Caller): Finding {
  const check = 'journal';
  const cost = "no 'hublet logs', no last lines in lastExit; how a server ended while hublet was away is not known";
  if (directories.length === 0) {
    return warn(check, 'there is none: neither /var/log/journal nor /run/log/journal has one of this machine', {
      cost,
      advice: "look at 'systemctl status systemd-journald' and at Storage= in /etc/systemd/journald.conf",
    });
  }
  const where = directories.join(', ');
  if (isReadable) return ok(check, `${where}${isPersistent ? '' : ', gone with each boot'}`);
  if (!caller.isUserMode) return ok(check, `${where}; as ${caller.name} it can't be read`);
  if (isPersistent) return ok(check, `${where}; yours begins with the first line of a server`);
  return warn(check, `${where}: users have no journal of their own, and you may not read the host's`, {
    cost,
    advice: 'have an admin keep journals on disk, or put you into the group systemd-journal; then log in anew',
    lines: [
      'mkdir -p /var/log/journal && systemctl restart systemd-journald',
      `usermod -aG systemd-journal ${caller.name}`,
    ],
  });
}

/** Whether the time is right, which windows, ages and times in status depend on. */
export function judgeClock(facts: ClockFacts): Finding {
  const check = 'clock';
  const cost =
    'schedule, maxAge and suspend.until go by a clock that may be wrong, or jump: nothing is stopped for a minute then';
  if (facts.kind === 'unknown')
    return warn(check, `not known whether it is set by NTP: ${facts.message}`, {
      cost,
      advice: "look at 'timedatectl'",
    });
  if (facts.isSynchronized) return ok(check, 'set by NTP');
  return warn(check, 'not set by NTP', {
    cost,
    advice: "set it by systemd-timesyncd or chrony, and look at 'timedatectl'",
    lines: ['timedatectl set-ntp true'],
  });
}

/** Whether metrics, health and page can be where the configuration has them. Undefined: the configuration is not known. */
export function judgeHttp(facts: HttpFacts | undefined, caller: Caller): Finding | undefined {
  if (facts === undefined) return undefined;
  const check = 'HTTP';
  const { listen, holders, isOurs } = facts;
  if (listen === null) return ok(check, 'off');
  if (listen.startsWith('unix:')) return ok(check, listen);
  if (/:0$/.test(listen)) return ok(check, `a free port of ${listen.replace(/:0$/, '')}, told in status.json`);
  if (isOurs) return ok(check, `${listen}, where hublet listens now`);
  if (holders.length === 0) return ok(check, `${listen} is free`);
  const who = holders.map((uid) => (uid === 0 ? 'root' : `uid ${uid}`)).join(' and ');
  if (holders.includes(0) && !caller.isUserMode && caller.uid !== 0)
    return ok(check, `${who} listens on ${listen}; as ${caller.name} it can't be told whether that is hublet`);
  return warn(check, `${who} ${holders.length > 1 ? 'listen' : 'listens'} on the port of ${listen}`, {
    cost: 'no metrics, health and page until it is free: hublet tries again (HttpReady=False)',
    advice: `see who it is with 'ss -ltnp', or have hublet listen elsewhere`,
    lines: ['metrics: {listen: "127.0.0.1:9811"}   # in hublet.yaml'],
  });
}

/** Whether ports of servers are safe from connections that go out. Undefined: the configuration is not known. */
export function judgePorts(facts: PortFacts | undefined): Finding | undefined {
  if (facts === undefined) return undefined;
  const check = 'ports';
  const { servers, outgoing, reserved } = facts;
  const words = rangeText(servers);
  if (outgoing === undefined) return ok(check, words);
  const isReserved = reserved.some(({ first, last }) => first <= servers.first && servers.last <= last);
  if (servers.last < outgoing.first || outgoing.last < servers.first || isReserved)
    return ok(check, `${words}, apart from those of outgoing connections`);
  const reservations = [...reserved, servers].map(rangeText).join(',');
  return warn(check, `${words}: outgoing connections use ${rangeText(outgoing)}, too`, {
    cost: 'such a connection may hold the port of a server that starts (PortTaken)',
    advice: 'have the kernel leave these alone',
    lines: sysctl('net.ipv4.ip_local_reserved_ports', reservations),
  });
}

function rangeText({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}
