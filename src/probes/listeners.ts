import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { hasErrorCode } from '../store/files.ts';
import { isPastListeners, type Listener, parseListeners } from './socketOwner.ts';

/** The host's listening sockets by port, as read no longer than 100 ms ago. @throws where the tables can't be read */
export type ListenerTable = () => ReadonlyMap<number, readonly Listener[]>;

const MAX_AGE_MS = 100;
const CHUNK_BYTES = 64 * 1024;

/**
 * A table that all probes of a moment share: one read of `/proc/net/tcp` and `tcp6`, whatever their number.
 *
 * @param directory `/proc/net`; another one in tests
 */
export function createListenerTable(clock: Clock, directory = '/proc/net'): ListenerTable {
  let listeners: ReadonlyMap<number, readonly Listener[]> = new Map();
  let readAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.monotonicMs() - readAtMs > MAX_AGE_MS) {
      const all = ['tcp', 'tcp6'].flatMap((file) => parseListeners(readHead(join(directory, file))));
      listeners = Map.groupBy(all, ({ port }) => port);
      readAtMs = clock.monotonicMs();
    }
    return listeners;
  };
}

/**
 * The part of a table with the listening sockets, which come first: the rest may be tens of thousands of connections.
 *
 * Read synchronously, as procfs answers from memory. A file that is not there (no IPv6 in this kernel) is empty.
 */
function readHead(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (err) {
    if (hasErrorCode(err, 'ENOENT')) return '';
    throw err;
  }
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let text = '';
    for (;;) {
      const bytes = readSync(fd, buffer, 0, CHUNK_BYTES, null);
      const part = buffer.toString('latin1', 0, bytes);
      text += part;
      if (bytes === 0 || isPastListeners(part)) return text;
    }
  } finally {
    closeSync(fd);
  }
}
