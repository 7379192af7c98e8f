/** Who is connected to the ports of this host, from the kernel's tables. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrorCode } from '../store/files.ts';

/** What the tables say of one port. */
export interface PortUse {
  /** Somebody listens here: the server is in this network, and its connections are seen. */
  readonly isListening: boolean;
  /** Established connections, by the other side's address and port. */
  readonly peers: ReadonlySet<string>;
}

const LISTENING = '0A';
const ESTABLISHED = '01';
const ROW = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]{2}) /gm;

/**
 * The ports of a `/proc/net/tcp` or `tcp6`. A line that can't be read is passed over.
 * @see kernel Documentation/networking/proc_net_tcp.rst
 */
export function parsePortUse(table: string): ReadonlyMap<number, PortUse> {
  const ports = new Map<number, { isListening: boolean; peers: Set<string> }>();
  for (const [, portHex = '', peer = '', state] of table.matchAll(ROW)) {
    if (state !== LISTENING && state !== ESTABLISHED) continue;
    const port = Number.parseInt(portHex, 16);
    const use = ports.get(port) ?? { isListening: false, peers: new Set() };
    if (state === LISTENING) use.isListening = true;
    else use.peers.add(peer);
    ports.set(port, use);
  }
  return ports;
}

/** Reads both tables. @throws where they can't be read; a file that is not there (no IPv6 in this kernel) is empty */
export async function readPortUse(directory = '/proc/net'): Promise<ReadonlyMap<number, PortUse>> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((file) => readTable(join(directory, file))));
  return parsePortUse(tables.join('\n'));
}

async function readTable(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return '';
    throw error;
  }
}
