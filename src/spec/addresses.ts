/** A range of IP addresses as filters take it. */
export interface AddressRange {
  readonly family: 'ipv4' | 'ipv6';
  /** 4 or 16 bytes in network order; bits beyond the prefix are zero. */
  readonly bytes: readonly number[];
  /** Leading bits that count. */
  readonly prefixLength: number;
}

/** What systemd's words stand for. @see systemd.resource-control(5), "Special address/network names" */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  any: ['0.0.0.0/0', '::/0'],
  localhost: ['127.0.0.0/8', '::1/128'],
  'link-local': ['169.254.0.0/16', 'fe80::/64'],
  multicast: ['224.0.0.0/4', 'ff00::/8'],
};

/** The ranges of `any`, `localhost`, `link-local`, `multicast`, of an address or of a prefix such as `10.0.0.0/8`; undefined: none of these. */
export function parseAddressRanges(text: string): readonly AddressRange[] | undefined {
  const words = Object.hasOwn(WORDS, text) ? WORDS[text] : undefined;
  const ranges = (words ?? [text]).map(parsePrefix);
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

/** What is wrong with an entry of an address filter, or undefined. */
export function addressProblem(text: string): string | undefined {
  return parseAddressRanges(text) === undefined
    ? 'is not an address: write any, localhost, link-local, multicast, 192.0.2.1, 10.0.0.0/8 or fd00::/8'
    : undefined;
}

function parsePrefix(text: string): AddressRange | undefined {
  const match = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text);
  const [, address = '', length] = match ?? [];
  const ipv4 = parseIpv4(address);
  const bytes = ipv4 ?? parseIpv6(address);
  if (bytes === undefined) return undefined;
  const prefixLength = length === undefined ? bytes.length * 8 : Number(length);
  if (prefixLength > bytes.length * 8) return undefined;
  return { family: ipv4 === undefined ? 'ipv6' : 'ipv4', bytes: bytes.map(keepBits(prefixLength)), prefixLength };
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  const isAddress =
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return isAddress ? parts.map(Number) : undefined;
}

/** @see RFC 4291, "Text Representation of Addresses" */
function parseIpv6(text: string): number[] | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const first = groupBytes(head, tail === undefined);
  const last = tail === undefined ? [] : groupBytes(tail, true);
  if (first === undefined || last === undefined) return undefined;
  const missing = 16 - first.length - last.length;
  const fits = tail === undefined ? missing === 0 : missing >= 2;
  return fits ? [...first, ...Array.from({ length: missing }, () => 0), ...last] : undefined;
}

/** Bytes of groups between colons; the last of an address may be written as IPv4. */
function groupBytes(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes = groups.map((group, index) => {
    if (isEnd && index === groups.length - 1 && group.includes('.')) return parseIpv4(group);
    return /^[0-9a-fA-F]{1,4}$/.test(group)
      ? [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]
      : undefined;
  });
  return bytes.every((group) => group !== undefined) ? bytes.flat() : undefined;
}

function keepBits(prefixLength: number): (byte: number, index: number) => number {
  return (byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  };
}
