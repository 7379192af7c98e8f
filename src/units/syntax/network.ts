import { PropertySyntaxError } from './error.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const TCP = 6;
const UDP = 17;

/** Family, address and length of an address prefix, as D-Bus has it (`(iayu)`). */
export type AddressPrefix = readonly [family: number, address: Buffer, prefixLength: number];
/** Family, protocol, number of ports and first port, 0 for any (`(iiqq)`). */
export type SocketRule = readonly [family: number, protocol: number, portCount: number, firstPort: number];

const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  any: ['0.0.0.0/0', '::/0'],
  localhost: ['127.0.0.0/8', '::1/128'],
  'link-local': ['169.254.0.0/16', 'fe80::/64'],
  multicast: ['224.0.0.0/4', 'ff00::/8'],
};

/**
 * The prefixes of one word: an address, an address with `/` and a length, or `any`, `localhost`, `link-local`, `multicast`.
 *
 * Bits beyond the length are cleared, as systemd reports them back.
 * @see systemd.resource-control(5), "IPAddressAllow=" @throws {PropertySyntaxError}
 */
export function parseAddresses(word: string): AddressPrefix[] {
  const prefixes = Object.hasOwn(KEYWORDS, word) ? (KEYWORDS[word] ?? []) : [word];
  return prefixes.map(parsePrefix);
}

/** `any`, or `ipv4`/`ipv6`, `tcp`/`udp` and a port or range, joined by colons. @see systemd.resource-control(5), "SocketBindAllow=" @throws {PropertySyntaxError} */
export function parseSocketRule(text: string): SocketRule {
  const match = /^(?:(ipv[46])(?::|$))?(?:(tcp|udp)(?::|$))?(?:(any)|(\d{1,5})(?:-(\d{1,5}))?)?$/.exec(text);
  const [all, family, protocol, , low, high] = match ?? [];
  const first = Number(low ?? 0);
  const last = Number(high ?? low ?? 0);
  const isPort = low === undefined || (first >= 1 && last >= first && last <= 65_535);
  if (all === undefined || all === '' || all.endsWith(':') || !isPort) {
    throw new PropertySyntaxError('expects any, or a rule such as ipv4:tcp:8000-8010');
  }
  const families: Readonly<Record<string, number>> = { ipv4: AF_INET, ipv6: AF_INET6 };
  const protocols: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP };
  return [families[family ?? ''] ?? 0, protocols[protocol ?? ''] ?? 0, low === undefined ? 0 : last - first + 1, first];
}

function parsePrefix(text: string): AddressPrefix {
  const [address = '', length, ...more] = text.split('/');
  const bytes = ipv4Bytes(address) ?? ipv6Bytes(address) ?? [];
  const bits = length === undefined ? bytes.length * 8 : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (bytes.length === 0 || more.length > 0 || !(bits <= bytes.length * 8)) {
    throw new PropertySyntaxError(
      `${text} is no address: expects 10.0.0.0/8, ::1, any, localhost, link-local or multicast`,
    );
  }
  return [bytes.length === 4 ? AF_INET : AF_INET6, Buffer.from(masked(bytes, bits)), bits];
}

function masked(bytes: readonly number[], bits: number): number[] {
  return bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - index * 8))) & 0xff);
}

/** Undefined: no IPv4 address. */
function ipv4Bytes(address: string): number[] | undefined {
  const parts = address.split('.');
  const isAddress =
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return isAddress ? parts.map(Number) : undefined;
}

/** Undefined: no IPv6 address. @see RFC 4291, 2.2 */
function ipv6Bytes(address: string): number[] | undefined {
  const [head = '', tail, ...more] = withoutIpv4(address).split('::');
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const missing = 8 - before.length - after.length;
  const isComplete = tail === undefined ? missing === 0 : missing >= 1;
  const isHex = [...before, ...after].every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group));
  if (more.length > 0 || !isComplete || !isHex) return undefined;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  return groups.map((group) => Number.parseInt(group, 16)).flatMap((group) => [group >> 8, group & 0xff]);
}

/** An IPv4 address at the end stands for two groups. */
function withoutIpv4(address: string): string {
  const at = address.lastIndexOf(':') + 1;
  const bytes = at === 0 ? undefined : ipv4Bytes(address.slice(at));
  if (bytes === undefined) return address;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return `${address.slice(0, at)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function groupsOf(part: string): string[] {
  return part === '' ? [] : part.split(':');
}
