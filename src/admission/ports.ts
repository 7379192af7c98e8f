import { hash } from 'node:crypto';

export interface PortRequest {
  /** What the spec says, `none` excepted. */
  readonly wanted: 'auto' | number;
  readonly name: string;
  /** Ports given to servers so far, by server; this one's own among them. */
  readonly assigned: ReadonlyMap<string, number>;
  /** Ports that specs name themselves, by server. */
  readonly fixed: ReadonlyMap<string, number>;
  /** Both ends belong to it. */
  readonly range: { readonly first: number; readonly last: number };
  /** Whether no program listens on it now; asked only of ports that are nobody's yet, and of the one that it would move from. */
  readonly isFree: (port: number) => boolean;
  /** Nothing of the server runs, so whoever listens on its port is somebody else, and another port can be chosen. Absent: false. */
  readonly mayMove?: boolean;
}

export type PortChoice =
  | { readonly kind: 'port'; readonly port: number }
  /** The port it wants belongs to `owner`. */
  | { readonly kind: 'conflict'; readonly owner: string }
  /** Every port of the range is given away or in use. */
  | { readonly kind: 'exhausted' };

/**
 * The port of one server. Two servers that are both given one never get the same.
 *
 * `auto` keeps what the server was given before, even where the range has moved since: a server that runs listens there. One that
 * doesn't run leaves a port that somebody else listens on. A new one
 * starts looking at a place that its name decides, so that an empty table gives most servers their old port again.
 * A port that a spec names goes to the server that has it already, else to the first name of those that want it.
 */
export function choosePort(request: PortRequest): PortChoice {
  return request.wanted === 'auto' ? automaticPort(request) : fixedPort(request, request.wanted);
}

function fixedPort({ name, assigned, fixed }: PortRequest, port: number): PortChoice {
  const owner = holderOf(port, name, assigned);
  if (owner !== undefined) return { kind: 'conflict', owner };
  if (assigned.get(name) === port) return { kind: 'port', port };
  const rival = othersWith(port, name, fixed).find((other) => other < name);
  return rival === undefined ? { kind: 'port', port } : { kind: 'conflict', owner: rival };
}

function automaticPort({ name, assigned, fixed, range, isFree, mayMove = false }: PortRequest): PortChoice {
  const before = assigned.get(name);
  const isKept = before !== undefined && holderOf(before, name, assigned) === undefined;
  if (isKept && (!mayMove || isFree(before))) return { kind: 'port', port: before };
  const size = range.last - range.first + 1;
  const start = hash('sha256', name, 'buffer').readUInt32BE(0);
  for (let step = 0; step < size; step++) {
    const port = range.first + ((start + step) % size);
    const isTaken = isAnothers(port, name, assigned) || isAnothers(port, name, fixed);
    if (!isTaken && isFree(port)) return { kind: 'port', port };
  }
  return { kind: 'exhausted' };
}

/**
 * Another server that this port was given to and that keeps it; undefined: nobody's, or `name` keeps it.
 *
 * Where a damaged table gives one port to two servers, the first name keeps it.
 */
function holderOf(port: number, name: string, assigned: ReadonlyMap<string, number>): string | undefined {
  if (!isAnothers(port, name, assigned)) return undefined;
  const others = othersWith(port, name, assigned);
  return assigned.get(name) === port ? others.find((other) => other < name) : others[0];
}

function isAnothers(port: number, name: string, ports: ReadonlyMap<string, number>): boolean {
  for (const [other, used] of ports) if (used === port && other !== name) return true;
  return false;
}

function othersWith(port: number, name: string, ports: ReadonlyMap<string, number>): string[] {
  return [...ports]
    .filter(([other, used]) => used === port && other !== name)
    .map(([other]) => other)
    .sort();
}
