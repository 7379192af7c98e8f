import { isIP } from 'node:net';

/** Where the HTTP server listens. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/** `host:port`, `[::1]:port` or `unix:/path`. Undefined: none of these. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path.startsWith('/') ? { kind: 'unix', path } : undefined;
  }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port <= 65_535)) return undefined;
  return { kind: 'tcp', host, port };
}

/** The address as `parseListenAddress` reads it. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/**
 * Whether a request's Host header names this server.
 *
 * A web page can make its own name resolve to 127.0.0.1 and read what is here through a visitor's browser (DNS rebinding);
 * the name in the header gives it away. Loopback names and the configured host pass; on a wildcard address any IP address
 * does, because an address can't be rebound, and `extraHosts` are the machine's own names. No browser reaches a unix socket.
 */
export function isHostAllowed(
  header: string | undefined,
  address: ListenAddress,
  extraHosts: readonly string[] = [],
): boolean {
  if (address.kind === 'unix') return true;
  const host = header === undefined ? undefined : hostName(header);
  if (host === undefined) return false;
  const isWildcard = WILDCARDS.includes(address.host);
  if (isWildcard && isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0) return true;
  const configured = address.host.includes(':') ? `[${address.host}]` : address.host;
  return [...LOOPBACK_NAMES, configured, ...extraHosts].some((allowed) => allowed.toLowerCase() === host);
}

/** The header without its port, in lower case; undefined where it is no host at all. */
function hostName(header: string): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[^:[\]\s/@]+)(?::\d{1,5})?$/.exec(header.toLowerCase())?.[1];
}
