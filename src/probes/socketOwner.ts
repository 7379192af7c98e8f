/** Who listens on a port of this host, from the kernel's own table: pure, the reading is in listeners.ts. */

/** One listening TCP socket of this host. */
export interface Listener {
  readonly port: number;
  /** Of the account that made the socket. */
  readonly uid: number;
  /** How exactly it is bound to 127.0.0.1: the kernel gives a connection to the most exact one. Undefined: to another address. */
  readonly exactness: 0 | 1 | 2 | 3 | undefined;
}

const STATE_LISTEN = '0A';

/** Addresses in the host's byte order, little-endian and big-endian, and how the kernel ranks them for 127.0.0.1. */
const EXACTNESS: ReadonlyMap<string, 0 | 1 | 2 | 3> = new Map([
  ['0100007F', 3],
  ['7F000001', 3],
  ['0000000000000000FFFF00000100007F', 2],
  ['00000000000000000000FFFF7F000001', 2],
  ['00000000', 1],
  ['00000000000000000000000000000000', 0],
]);

/**
 * Listening sockets in a `/proc/net/tcp` or `/proc/net/tcp6`, whatever address they are bound to.
 *
 * A line that can't be read (the heading, one that is cut off) is passed over.
 * @see kernel Documentation/networking/proc_net_tcp.rst
 */
export function parseListeners(table: string): readonly Listener[] {
  const listeners: Listener[] = [];
  for (const line of table.split('\n')) {
    const [, local, , state, , , , uid] = line.trim().split(/\s+/);
    if (state !== STATE_LISTEN || local === undefined || uid === undefined) continue;
    const [address = '', portHex = ''] = local.split(':');
    const exactness = EXACTNESS.get(address);
    if (!/^(?:[0-9A-F]{8}){1,4}$/.test(address) || !/^[0-9A-F]{4}$/.test(portHex) || !/^\d+$/.test(uid)) continue;
    listeners.push({ port: Number.parseInt(portHex, 16), uid: Number(uid), exactness });
  }
  return listeners;
}

/** Who answers a connection to 127.0.0.1 at a port. */
export type PortOwner =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'account'; readonly uid: number }
  /** Sockets of several accounts are bound alike: the kernel may pick either. */
  | { readonly kind: 'several'; readonly uids: readonly number[] };

/** The owner of a port that these sockets listen on: only the most exactly bound ones count, and of other addresses none, where another account may have the same port. */
export function ownerOf(there: readonly Listener[]): PortOwner {
  const reachable = there.flatMap(({ uid, exactness }) => (exactness === undefined ? [] : [{ uid, exactness }]));
  const best = Math.max(...reachable.map((listener) => listener.exactness));
  const uids = [...new Set(reachable.filter(({ exactness }) => exactness === best).map(({ uid }) => uid))];
  const [uid] = uids;
  if (uid === undefined) return { kind: 'nobody' };
  return uids.length === 1 ? { kind: 'account', uid } : { kind: 'several', uids };
}

const OTHER_ROW = /^ *\d+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4} (?!0A)[0-9A-F]{2} /m;

/** Whether this part of a table shows a socket that does not listen: the kernel lists all listening ones before it. */
export function isPastListeners(part: string): boolean {
  return OTHER_ROW.test(part);
}
