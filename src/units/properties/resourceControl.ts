import { formatCpus } from '../../spec/quantities.ts';
import { cpuMask, cpusOfMask } from '../cpuset.ts';
import {
  INFINITY,
  parseCount,
  parseCpuPercent,
  parseIoWeight,
  parseMemory,
  parseRate,
  parseWeight,
} from '../syntax/amounts.ts';
import { parseBoolean } from '../syntax/choices.ts';
import { PropertySyntaxError } from '../syntax/error.ts';
import { parseDevice, parsePath } from '../syntax/mounts.ts';
import { parseAddresses, parseSocketRule } from '../syntax/network.ts';
import { parseTimespan } from '../syntax/times.ts';
import { parseWords } from '../syntax/words.ts';
import {
  BOOLEAN,
  CPUS,
  choice,
  filter,
  list,
  onlyText,
  perPath,
  plainText,
  SCALE,
  scalar,
  sinceReset,
  TEXT,
  TIMESPAN,
  tuples,
  words,
} from './kinds.ts';
import { type Entry, field, hublet, type Kind, type LiveFacts, type Setting, settings } from './row.ts';

const number = (value: unknown): number => Number(value);
const cpuList = (value: unknown): string => formatCpus(cpusOfMask(value as Iterable<number>));

const WEIGHT = scalar('t', parseWeight);
const IO_WEIGHT = scalar('t', parseIoWeight);
const RATES = perPath(parseRate);
const ADDRESSES = list('a(iayu)', (text) => parseWords(text).flatMap(parseAddresses));
const SOCKETS = list('a(iiqq)', (text) => [parseSocketRule(text)]);
const FOR_SLICES = hublet('it is for slices, and a server has nothing below it');
const LEGACY = hublet('the first version of control groups is not supported; use the fields of spec.resources');

/** What a server may use. @see systemd.resource-control(5); kernel Documentation/admin-guide/cgroup-v2.rst */
export const RESOURCE_CONTROL: readonly Setting[] = settings('systemd.resource-control(5)', [
  memory('MemoryMax', INFINITY, { owner: field('resources.memory.limit'), applied: 'memoryMaxBytes' }),
  memory('MemoryHigh', INFINITY, { owner: field('resources.memory.high'), applied: 'memoryHighBytes' }),
  memory('MemoryLow', 0n, { owner: field('resources.memory.guarantee'), applied: 'memoryLowBytes' }),
  memory('MemorySwapMax', INFINITY, { owner: field('resources.memory.swap'), applied: 'memorySwapMaxBytes' }),
  {
    setting: 'CPUQuota',
    kind: scalar('t', parseCpuPercent),
    property: 'CPUQuotaPerSecUSec',
    owner: field('resources.cpu.limit'),
    live: live('cpu', INFINITY, { name: 'cpuLimitCores', convert: (value) => Number(value) / 1e6 }),
  },
  {
    setting: 'CPUWeight',
    kind: WEIGHT,
    owner: field('resources.cpu.weight'),
    live: live('cpu', INFINITY, { name: 'cpuWeight', convert: number }),
  },
  {
    setting: 'AllowedCPUs',
    kind: CPUS,
    owner: field('resources.cpu.cpus'),
    since: 244,
    live: live('cpu', cpuMask([]), { name: 'allowedCpus', convert: cpuList }),
  },
  {
    setting: 'TasksMax',
    kind: scalar('t', parseCount),
    owner: field('resources.tasks'),
    // DefaultTasksMax= of system.conf, 15% of the kernel's limit as shipped.
    live: { ...live('tasks', INFINITY, { name: 'tasksMax', convert: number }), isUnsetSent: true },
  },
  {
    setting: 'IOWeight',
    kind: IO_WEIGHT,
    owner: field('resources.io.weight'),
    live: live('io', INFINITY, { name: 'ioWeight', convert: number }),
  },
  ioLimit('IOReadBandwidthMax', 'readBytesPerSecond', 'ioReadBytesPerSecond'),
  ioLimit('IOWriteBandwidthMax', 'writeBytesPerSecond', 'ioWriteBytesPerSecond'),
  ioLimit('IOReadIOPSMax', 'readIops', 'ioReadIops'),
  ioLimit('IOWriteIOPSMax', 'writeIops', 'ioWriteIops'),
  accounting('MemoryAccounting', 'memory'),
  accounting('CPUAccounting', 'cpu'),
  accounting('TasksAccounting', 'tasks'),
  accounting('IOAccounting', 'io'),

  memory('MemoryMin', 0n, {}),
  memory('MemoryZSwapMax', INFINITY, { since: 253 }),
  memory('StartupMemoryLow', 0n, { since: 254 }),
  memory('StartupMemoryHigh', INFINITY, { since: 254 }),
  memory('StartupMemoryMax', INFINITY, { since: 254 }),
  memory('StartupMemorySwapMax', INFINITY, { since: 254 }),
  memory('StartupMemoryZSwapMax', INFINITY, { since: 254 }),
  {
    setting: 'CPUQuotaPeriodSec',
    kind: scalar('t', (text) => (text === '' ? INFINITY : parseTimespan(text))),
    property: 'CPUQuotaPeriodUSec',
    since: 242,
    live: live('cpu', INFINITY),
  },
  { setting: 'StartupCPUWeight', kind: WEIGHT, live: live('cpu', INFINITY) },
  { setting: 'StartupAllowedCPUs', kind: CPUS, since: 252, live: live('cpu', cpuMask([])) },
  { setting: 'AllowedMemoryNodes', kind: CPUS, since: 244, live: live('memory', cpuMask([])) },
  { setting: 'StartupAllowedMemoryNodes', kind: CPUS, since: 252, live: live('memory', cpuMask([])) },
  { setting: 'StartupIOWeight', kind: IO_WEIGHT, live: live('io', INFINITY) },
  { setting: 'IODeviceWeight', kind: perPath(deviceWeight), live: live('io', []) },
  {
    setting: 'IODeviceLatencyTargetSec',
    kind: perPath((text) => parseTimespan(text)),
    property: 'IODeviceLatencyTargetUSec',
    live: live('io', []),
  },

  { setting: 'MemoryZSwapWriteback', kind: BOOLEAN, since: 256 },
  { setting: 'MemoryPressureWatch', kind: choice('auto', 'on', 'off', 'skip'), readBack: 'switch', since: 254 },
  { setting: 'MemoryPressureThresholdSec', kind: TIMESPAN, property: 'MemoryPressureThresholdUSec', since: 254 },
  { setting: 'IPAccounting', kind: BOOLEAN },
  { setting: 'IPAddressAllow', kind: ADDRESSES, owner: field('sandbox.ipAddressAllow') },
  { setting: 'IPAddressDeny', kind: ADDRESSES, owner: field('sandbox.ipAddressDeny') },
  { setting: 'IPIngressFilterPath', kind: words(parsePath), since: 243 },
  { setting: 'IPEgressFilterPath', kind: words(parsePath), since: 243 },
  { setting: 'BPFProgram', kind: tuples('a(ss)', ({ parts }) => bpfProgram(parts)), since: 249 },
  { setting: 'SocketBindAllow', kind: SOCKETS, since: 249 },
  { setting: 'SocketBindDeny', kind: SOCKETS, since: 249 },
  { setting: 'RestrictNetworkInterfaces', kind: filter((word) => word), since: 250 },
  { setting: 'NFTSet', kind: words(), owner: hublet('not in this version'), since: 255 },
  { setting: 'DevicePolicy', kind: choice('auto', 'closed', 'strict'), owner: field('sandbox.deviceAllow') },
  {
    setting: 'DeviceAllow',
    kind: list('a(ss)', (text) => [parseDevice(parseWords(plainText(text)))]),
    owner: field('sandbox.deviceAllow'),
  },
  { setting: 'Slice', kind: scalar('s', plainText), owner: field('pool') },
  { setting: 'Delegate', kind: delegate() },
  { setting: 'DelegateSubgroup', kind: scalar('s', plainText), since: 254 },
  { setting: 'DisableControllers', kind: words() },
  { setting: 'ManagedOOMSwap', kind: choice('auto', 'kill'), since: 247 },
  { setting: 'ManagedOOMMemoryPressure', kind: choice('auto', 'kill'), since: 247 },
  { setting: 'ManagedOOMMemoryPressureLimit', kind: SCALE, since: 248 },
  {
    setting: 'ManagedOOMMemoryPressureDurationSec',
    kind: TIMESPAN,
    property: 'ManagedOOMMemoryPressureDurationUSec',
    since: 257,
  },
  { setting: 'ManagedOOMPreference', kind: choice('none', 'avoid', 'omit'), since: 248 },

  { setting: 'DefaultMemoryMin', kind: TEXT, owner: FOR_SLICES },
  { setting: 'DefaultMemoryLow', kind: TEXT, owner: FOR_SLICES },
  {
    setting: 'MemoryLimit',
    kind: scalar('t', (text) => parseMemory(text, INFINITY, {})),
    owner: field('resources.memory.limit'),
  },
  { setting: 'CPUShares', kind: scalar('t', parseCount), owner: LEGACY },
  { setting: 'StartupCPUShares', kind: scalar('t', parseCount), owner: LEGACY },
  { setting: 'BlockIOWeight', kind: scalar('t', parseCount), owner: LEGACY },
  { setting: 'BlockIOReadBandwidth', kind: RATES, owner: LEGACY },
  { setting: 'BlockIOWriteBandwidth', kind: RATES, owner: LEGACY },
]);

function live(resource: LiveFacts['resource'], unset: unknown, applied?: LiveFacts['applied']): LiveFacts {
  return { unset, isUnsetSent: false, resource, ...(applied === undefined ? {} : { applied }) };
}

function memory(
  setting: string,
  unset: bigint,
  { applied, ...more }: Pick<Entry, 'owner' | 'since'> & { readonly applied?: string },
): Entry {
  return {
    setting,
    kind: scalar('t', (text, host) => parseMemory(text, unset, host)),
    ...more,
    live: live('memory', unset, applied === undefined ? undefined : { name: applied, convert: number }),
  };
}

/** A limit for each path; status shows `/home 1048576, /srv 2097152`. */
function ioLimit(setting: string, part: string, applied: string): Entry {
  const convert = (value: unknown): string =>
    (value as [string, bigint][])
      .map(([path, limit]) => `${path} ${limit}`)
      .sort()
      .join(', ');
  return {
    setting,
    kind: RATES,
    owner: field(`resources.io.${part}`),
    live: live('io', [], { name: applied, convert }),
  };
}

/** On for every server, whatever system.conf says: without it the cgroup has no files to read usage from. */
function accounting(setting: string, resource: LiveFacts['resource']): Entry {
  return {
    setting,
    kind: scalar('b', parseBoolean),
    owner: hublet('it is on for every server'),
    live: { ...live(resource, true), isUnsetSent: true },
  };
}

/** yes, no, or the controllers that are delegated. */
function delegate(): Kind {
  return {
    signature: 'b',
    others: () => [{ name: 'DelegateControllers', signature: 'as', readBack: 'set' }],
    read: (texts, name) => {
      if (texts.length === 1 && /^(?:yes|no|true|false|on|off|1|0)$/i.test(onlyText(texts))) {
        return [[name, parseBoolean(onlyText(texts))]];
      }
      return [['DelegateControllers', sinceReset(texts).flatMap(parseWords).map(controller)]];
    },
  };
}

const CONTROLLERS = [
  'cpu',
  'cpuset',
  'io',
  'memory',
  'pids',
  'bpf-firewall',
  'bpf-devices',
  'bpf-foreign',
  'bpf-socket-bind',
];

function controller(word: string): string {
  if (CONTROLLERS.includes(word)) return word;
  throw new PropertySyntaxError(`${word} is no controller: expects yes, no or some of ${CONTROLLERS.join(', ')}`);
}

function deviceWeight(text: string): bigint {
  if (text === '') throw new PropertySyntaxError('expects a device and a weight between 1 and 10000');
  return parseIoWeight(text);
}

function bpfProgram(parts: readonly string[]): [kind: string, path: string] {
  const [kind = '', path = '', ...more] = parts;
  if (!/^[a-z0-9_]+$/.test(kind) || more.length > 0)
    throw new PropertySyntaxError('expects type:path such as egress:/sys/fs/bpf/x');
  return [kind, parsePath(path)];
}
