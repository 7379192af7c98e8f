import { parseCpus } from '../../spec/quantities.ts';
import { suggest } from '../../spec/suggest.ts';
import { cpuMask } from '../cpuset.ts';
import { INFINITY } from './amounts.ts';
import { PropertySyntaxError } from './error.ts';
import { parseWords } from './words.ts';

/** In the order of their numbers. @see capabilities(7) */
export const CAPABILITIES: readonly string[] = [
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service',
  'net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin',
  'sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override',
  'mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore',
].flatMap((names) => names.split(' ').map((name) => `CAP_${name.toUpperCase()}`));

/** @see namespaces(7), clone(2) */
const NAMESPACES: Readonly<Record<string, bigint>> = {
  cgroup: 0x0200_0000n,
  ipc: 0x0800_0000n,
  net: 0x4000_0000n,
  mnt: 0x0002_0000n,
  pid: 0x2000_0000n,
  user: 0x1000_0000n,
  uts: 0x0400_0000n,
};
const ALL_NAMESPACES = Object.values(NAMESPACES).reduce((sum, flag) => sum | flag, 0n);

/** @see core(5), "Controlling which mappings are written to the core dump" */
const CORE_MAPPINGS: Readonly<Record<string, bigint>> = {
  'private-anonymous': 1n,
  'shared-anonymous': 1n << 1n,
  'private-file-backed': 1n << 2n,
  'shared-file-backed': 1n << 3n,
  'elf-headers': 1n << 4n,
  'private-huge': 1n << 5n,
  'shared-huge': 1n << 6n,
  'private-dax': 1n << 7n,
  'shared-dax': 1n << 8n,
  default: 0x33n,
  all: 0xffff_ffffn,
};

/**
 * Bits of the capabilities that assignments leave, one after the other: names add, `~` before them takes away, an empty one clears.
 *
 * @param initial what is there before the first: all for CapabilityBoundingSet=, none for AmbientCapabilities=
 * @see systemd.exec(5), "CapabilityBoundingSet=" @throws {PropertySyntaxError}
 */
export function parseCapabilities(texts: readonly string[], initial: bigint): bigint {
  return assignments(texts, initial, INFINITY, capabilityOf);
}

/**
 * Bits of the namespaces that may be used: `yes` none, `no` all; names those only, `~` before them all others.
 *
 * @see systemd.exec(5), "RestrictNamespaces=" @throws {PropertySyntaxError}
 */
export function parseNamespaces(texts: readonly string[]): bigint {
  const [only = ''] = texts;
  if (texts.length === 1 && /^(?:1|yes|y|true|t|on)$/i.test(only)) return 0n;
  if (texts.length === 1 && /^(?:0|no|n|false|f|off)$/i.test(only)) return ALL_NAMESPACES;
  return assignments(texts, ALL_NAMESPACES, ALL_NAMESPACES, (word) => flagOf(word, NAMESPACES, 'a namespace'));
}

/** Bits of the mappings that a core dump holds, by name or as hexadecimal. @see systemd.exec(5), "CoredumpFilter=" @throws {PropertySyntaxError} */
export function parseCoredumpFilter(text: string): bigint {
  return parseWords(text).reduce((sum, word) => {
    const hex = /^(?:0x)?([0-9A-Fa-f]{1,8})$/.exec(word)?.[1];
    return sum | (hex === undefined ? flagOf(word, CORE_MAPPINGS, 'a kind of mapping') : BigInt(`0x${hex}`));
  }, 0n);
}

/** A CPU or node list such as `0-3,5` or `0-3 5` as a mask; empty: none in particular. @see systemd.resource-control(5), "AllowedCPUs=" @throws {PropertySyntaxError} */
export function parseCpuSet(text: string): Buffer {
  const list = text
    .trim()
    .split(/[\s,]+/)
    .join(',');
  if (list === '') return cpuMask([]);
  try {
    return cpuMask(parseCpus(list));
  } catch (err) {
    throw new PropertySyntaxError('expects a list of numbers such as 0-3,5', { cause: err });
  }
}

function assignments(texts: readonly string[], initial: bigint, all: bigint, bitsOf: (word: string) => bigint): bigint {
  let bits = initial;
  for (const text of texts) {
    const isInverted = text.startsWith('~');
    const words = parseWords(isInverted ? text.slice(1) : text);
    const sum = words.reduce((flags, word) => flags | bitsOf(word), 0n);
    if (words.length === 0 || bits === initial) bits = isInverted ? all & ~sum : sum;
    else bits = isInverted ? bits & ~sum : bits | sum;
  }
  return bits;
}

function capabilityOf(word: string): bigint {
  const number = /^\d{1,2}$/.test(word) ? Number(word) : CAPABILITIES.indexOf(word.toUpperCase());
  if (number < 0 || number > 62) {
    const near = suggest(word, CAPABILITIES);
    const hint = near === undefined ? 'such as CAP_NET_BIND_SERVICE' : `: did you mean ${near}?`;
    throw new PropertySyntaxError(`${word} is no capability${near === undefined ? '; expects names ' : ''}${hint}`);
  }
  return 1n << BigInt(number);
}

function flagOf(word: string, flags: Readonly<Record<string, bigint>>, what: string): bigint {
  const flag = Object.hasOwn(flags, word) ? flags[word] : undefined;
  if (flag === undefined) {
    throw new PropertySyntaxError(`${word} is not ${what}: expects words among ${Object.keys(flags).join(', ')}`);
  }
  return flag;
}
