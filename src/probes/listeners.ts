import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { hasErrorCode } from '../store/files.ts';
import { isPastListeners, type Listener, parseListeners } from './socketOwner.ts';

/**
 * The host's listening sockets by port, as read no longer than 100 ms ago; `fresh`: now, `recent`: no longer than a second ago,
 * for what is put right where it was wrong. @throws where the tables can't be read
 */
export type ListenerTable = (when?: 'fresh' | 'recent') => ReadonlyMap<number, readonly Listener[]>;

const MAX_AGE_MS = 100;
const RECENT_MS = 1_000;
const CHUNK_BYTES = 64 * 1024;

/**
 * A table that all probes of a moment share: one read of `/proc/net/tcp` and `tcp6`, whatever their number.
 *
 * @param directory `/proc/net`; another one in tests
 */
export function createListenerTable(clock: Clock, directory = '/proc/net'): ListenerTable {
  let listeners: ReadonlyMap<number, readonly Listener[]> = new Map();
  let readAtMs = Number.NEGATIVE_INFINITY;
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  return (when) => {
    const maxAgeMs = when === 'recent' ? RECENT_MS : MAX_AGE_MS;
    if (when === 'fresh' || clock.monotonicMs() - readAtMs > maxAgeMs) {
      const all = ['tcp', 'tcp6'].flatMap((file) => parseListeners(readHead(join(directory, file), buffer)));
      listeners = Map.groupBy(all, ({ port }) => port);
      readAtMs = clock.monotonicMs();
    }
    return listeners;
  };
}

/**
 * Uids whose sockets listen on a port at whatever address: a server that wants the port can't have it, or not alone.
 *
 * None that has just gone is among them: the table is read anew before anybody is named.
 */
export function holdersOf(port: number, table: ListenerTable): readonly number[] {
  if (!table().has(port)) return [];
  return [...new Set((table('fresh').get(port) ?? []).map(({ uid }) => uid))];
}

/**
 * The part of a table with the listening sockets, which come first: the rest may be tens of thousands of connections.
 *
 * Read synchronously, as procfs answers from memory. A file that is not there (no IPv6 in this kernel) is empty.
 */
function readHead(path: string, buffer: Buffer): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (err) {
    if (hasErrorCode(err, 'ENOENT')) return '';
    throw err;
  }
  try {
    let text = '';
    for (;;) {
      const bytes = readSync(fd, buffer, 0, buffer.length, null);
      const part = buffer.toString('latin1', 0, bytes);
      text += part;
      if (bytes === 0 || isPastListeners(part)) return text;
    }
  } finally {
    closeSync(fd);
  }
}
