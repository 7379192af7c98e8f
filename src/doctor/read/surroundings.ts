import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { CommandRunner } from '../../command.ts';
import type { Config } from '../../config/types.ts';
import { parseListenAddress } from '../../metrics/address.ts';
import { createListenerTable } from '../../probes/listeners.ts';
import type { Listener } from '../../probes/socketOwner.ts';
import { hostStatusPath } from '../../status/statusFile.ts';
import type { HostStatus } from '../../status/types.ts';
import { parseStored } from '../../store/stored.ts';
import type { Caller, ClockFacts, HttpFacts, JournalFacts, PortFacts } from '../facts.ts';
import { parsePortList, parsePortPair } from '../parse.ts';
import { neededPrograms } from '../programs.ts';
import { codeOf, isDirectory, isExecutable, isReadable, isThere, readText } from './files.ts';

/** Where this machine's journals are. @see systemd-journald.service(8), "Files" */
export function readJournalFacts(root: string, { isUserMode, uid }: Caller): JournalFacts {
  const machine = readText(join(root, 'etc/machine-id'))?.trim() ?? '';
  const places = machine === '' ? [] : [`/var/log/journal/${machine}`, `/run/log/journal/${machine}`];
  const directories = places.filter((path) => isDirectory(join(root, path)));
  const files = isUserMode ? ['system.journal', `user-${uid}.journal`] : ['system.journal'];
  return {
    directories,
    isPersistent: directories.some((path) => path.startsWith('/var/')),
    isReadable: directories.some((path) => files.some((file) => isReadable(join(root, path, file)))),
  };
}

/** Whether the clock is set by NTP: systemd-timesyncd leaves a file, of others timedatectl knows by adjtimex(2). */
export async function readClockFacts(root: string, runner: CommandRunner): Promise<ClockFacts> {
  if (isThere(join(root, 'run/systemd/timesync/synchronized'))) return { kind: 'known', isSynchronized: true };
  const result = await runner.run('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  if (result.kind === 'failed') return { kind: 'unknown', message: result.message };
  const word = result.stdout.trim();
  if (result.code === 0 && /^(yes|no)$/.test(word)) return { kind: 'known', isSynchronized: word === 'yes' };
  const [said = ''] = result.stderr.trim().split('\n');
  return { kind: 'unknown', message: `timedatectl ended with ${result.code}${said === '' ? '' : `: ${said}`}` };
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Helper programs that are in no directory of this PATH. */
export function findMissingPrograms(who: Caller, path = DEFAULT_PATH): readonly string[] {
  const directories = path.split(':').filter((directory) => directory !== '');
  return neededPrograms(who).filter(
    (program) => !directories.some((directory) => isExecutable(join(directory, program))),
  );
}

/** Who listens where hublet would. */
export function readHttpFacts(root: string, { metrics, runtimeDirectory }: Config, clock: Clock): HttpFacts {
  const { listen } = metrics;
  const address = listen === null ? undefined : parseListenAddress(listen);
  if (address?.kind !== 'tcp') return { listen, holders: [], isOurs: false };
  const { host, port } = address;
  const table = createListenerTable(clock, join(root, 'proc/net'));
  const isLoopback = host === '127.0.0.1' || host === 'localhost';
  // The same port of another address of the host is another one.
  const isRival = ({ exactness }: Listener): boolean => !isLoopback || exactness !== undefined;
  const holders = new Set((table().get(port) ?? []).filter(isRival).map(({ uid }) => uid));
  return { listen, holders: [...holders], isOurs: holders.size > 0 && isListeningAt(runtimeDirectory, listen) };
}

/** Whether a controller that runs says in its status that it listens there. False also where this caller can't read that. */
function isListeningAt(runtimeDirectory: string, listen: string | null): boolean {
  const text = readText(hostStatusPath(runtimeDirectory));
  // What is no JSON somebody else wrote, and then nobody says that he listens there.
  const { http, pid }: { readonly [key in keyof HostStatus]?: unknown } = parseStored(text ?? '') ?? {};
  return http === listen && typeof pid === 'number' && isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Ports of servers beside those that the kernel gives to others. */
export function readPortFacts(root: string, { ports }: Config): PortFacts {
  const ipv4 = join(root, 'proc/sys/net/ipv4');
  return {
    servers: ports,
    outgoing: parsePortPair(readText(join(ipv4, 'ip_local_port_range'))),
    reserved: parsePortList(readText(join(ipv4, 'ip_local_reserved_ports'))),
  };
}
