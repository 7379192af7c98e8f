import { formatCpus } from '../spec/quantities.ts';
import { cpuMask, cpusOfMask } from './cpuset.ts';
import {
  INFINITY,
  parseBoolean,
  parseBytes,
  parseCount,
  parseCpuPercent,
  parseCpuSet,
  parseIoWeight,
  parseTimespan,
  parseWeight,
  parseWords,
} from './syntax.ts';

/**
 * The one table of systemd properties that hublet sends or reads: compiling, comparing, live or restart, reading back and
 * unit-file syntax all come from its rows. A property without a row is not sent.
 */
export type PropertyRow = LiveRow | FixedRow;

interface Row {
  /** D-Bus name, as in StartTransientUnit. */
  readonly name: string;
  /** D-Bus type of its value. */
  readonly signature: string;
  /** Value of its unit-file text; absent where it has no text of its own. @throws {PropertySyntaxError} */
  readonly parse?: (text: string) => unknown;
}

/** SetUnitProperties changes it in a running unit. */
export interface LiveRow extends Row {
  readonly change: 'live';
  /** What it is where the spec sets none. */
  readonly unset: unknown;
  /** True where systemd's own default may be another, by the host's configuration: then `unset` is sent as well. */
  readonly isUnsetSent: boolean;
  /** Its memory limits wait while the server uses too much. */
  readonly resource: 'memory' | 'cpu' | 'tasks' | 'io';
  /** Field of `applied` in status. */
  readonly applied?: {
    readonly name: string;
    /** Of a value that is not `unset`. */
    readonly convert: (value: unknown) => number | string;
  };
}

/** Only a new unit has another value. */
export interface FixedRow extends Row {
  /** `none`: it matters to nobody while the server runs, so a difference never asks for a restart. */
  readonly change: 'restart' | 'none';
  /** The part of its value that asks for a restart where it differs; undefined: none of it. Absent: all. */
  readonly hashed?: (value: unknown) => unknown;
}

const number = (value: unknown): number => Number(value);

/** @see systemd.resource-control(5); kernel Documentation/admin-guide/cgroup-v2.rst */
const LIVE: readonly LiveRow[] = [
  memory('MemoryMax', 'memoryMaxBytes', INFINITY),
  memory('MemoryHigh', 'memoryHighBytes', INFINITY),
  memory('MemoryLow', 'memoryLowBytes', 0n),
  memory('MemorySwapMax', 'memorySwapMaxBytes', INFINITY),
  {
    ...live('CPUQuotaPerSecUSec', 't', 'cpu', INFINITY),
    parse: parseCpuPercent,
    applied: { name: 'cpuLimitCores', convert: (value) => Number(value) / 1e6 },
  },
  {
    ...live('CPUWeight', 't', 'cpu', INFINITY),
    parse: parseWeight,
    applied: { name: 'cpuWeight', convert: number },
  },
  {
    ...live('AllowedCPUs', 'ay', 'cpu', cpuMask([])),
    parse: parseCpuSet,
    applied: { name: 'allowedCpus', convert: (value) => formatCpus(cpusOfMask(value as Iterable<number>)) },
  },
  {
    ...live('TasksMax', 't', 'tasks', INFINITY),
    // DefaultTasksMax= of system.conf, 15% of the kernel's limit as shipped.
    isUnsetSent: true,
    parse: parseCount,
    applied: { name: 'tasksMax', convert: number },
  },
  {
    ...live('IOWeight', 't', 'io', INFINITY),
    parse: parseIoWeight,
    applied: { name: 'ioWeight', convert: number },
  },
  ioLimit('IOReadBandwidthMax', 'ioReadBytesPerSecond'),
  ioLimit('IOWriteBandwidthMax', 'ioWriteBytesPerSecond'),
  ioLimit('IOReadIOPSMax', 'ioReadIops'),
  ioLimit('IOWriteIOPSMax', 'ioWriteIops'),
  accounting('MemoryAccounting', 'memory'),
  accounting('CPUAccounting', 'cpu'),
  accounting('TasksAccounting', 'tasks'),
  accounting('IOAccounting', 'io'),
];

/** @see systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5) */
const FIXED: readonly FixedRow[] = [
  { name: 'Description', signature: 's', change: 'none' },
  { name: 'Documentation', signature: 'as', change: 'none', parse: parseWords },
  { name: 'LogExtraFields', signature: 'aay', change: 'none' },
  // Not hublet's own file, whose contents count: its name is a SHA-256.
  { name: 'EnvironmentFiles', signature: 'a(sb)', change: 'restart', hashed: withoutOwnFile },
  { name: 'TimeoutStartUSec', signature: 't', change: 'none', parse: parseTimespan },
  { name: 'Type', signature: 's', change: 'restart' },
  { name: 'Slice', signature: 's', change: 'restart' },
  { name: 'User', signature: 's', change: 'restart' },
  { name: 'WorkingDirectory', signature: 's', change: 'restart' },
  { name: 'ExecStart', signature: 'a(sasb)', change: 'restart' },
  { name: 'ExecSearchPath', signature: 'as', change: 'restart' },
  { name: 'KillMode', signature: 's', change: 'restart' },
  { name: 'TimeoutStopUSec', signature: 't', change: 'restart', parse: parseTimespan },
  { name: 'Restart', signature: 's', change: 'restart' },
  { name: 'StartLimitIntervalUSec', signature: 't', change: 'restart', parse: parseTimespan },
  { name: 'CollectMode', signature: 's', change: 'restart' },
  { name: 'OOMPolicy', signature: 's', change: 'restart' },
  { name: 'StandardOutput', signature: 's', change: 'restart' },
  { name: 'StandardError', signature: 's', change: 'restart' },
  { name: 'PrivateTmp', signature: 'b', change: 'restart', parse: parseBoolean },
  { name: 'PrivateUsers', signature: 'b', change: 'restart', parse: parseBoolean },
  { name: 'NoNewPrivileges', signature: 'b', change: 'restart', parse: parseBoolean },
  { name: 'Group', signature: 's', change: 'restart' },
  { name: 'SupplementaryGroups', signature: 'as', change: 'restart', parse: parseWords },
  { name: 'DynamicUser', signature: 'b', change: 'restart', parse: parseBoolean },
  { name: 'StateDirectory', signature: 'as', change: 'restart', parse: parseWords },
  { name: 'StateDirectoryMode', signature: 'u', change: 'restart' },
  { name: 'ExecStartPre', signature: 'a(sasb)', change: 'restart' },
  { name: 'ExecStopPost', signature: 'a(sasb)', change: 'restart' },
  { name: 'LoadCredential', signature: 'a(ss)', change: 'restart' },
  { name: 'LimitNOFILE', signature: 't', change: 'restart' },
  { name: 'LimitNOFILESoft', signature: 't', change: 'restart' },
  { name: 'UMask', signature: 'u', change: 'restart' },
  { name: 'PrivateDevices', signature: 'b', change: 'restart', parse: parseBoolean },
  { name: 'DevicePolicy', signature: 's', change: 'restart' },
  { name: 'DeviceAllow', signature: 'a(ss)', change: 'restart' },
  { name: 'InaccessiblePaths', signature: 'as', change: 'restart', parse: parseWords },
  { name: 'BindPaths', signature: 'a(ssbt)', change: 'restart' },
  { name: 'BindReadOnlyPaths', signature: 'a(ssbt)', change: 'restart' },
  { name: 'ProtectSystem', signature: 's', change: 'restart' },
  { name: 'ProtectHome', signature: 's', change: 'restart' },
  { name: 'ProtectProc', signature: 's', change: 'restart' },
  { name: 'PrivateNetwork', signature: 'b', change: 'restart', parse: parseBoolean },
  { name: 'IPAddressAllow', signature: 'a(iayu)', change: 'restart' },
  { name: 'IPAddressDeny', signature: 'a(iayu)', change: 'restart' },
  { name: 'CapabilityBoundingSet', signature: 't', change: 'restart' },
  { name: 'AmbientCapabilities', signature: 't', change: 'restart' },
  { name: 'SystemCallFilter', signature: '(bas)', change: 'restart' },
  { name: 'SystemCallErrorNumber', signature: 'i', change: 'restart' },
  { name: 'ReadOnlyPaths', signature: 'as', change: 'restart', parse: parseWords },
  { name: 'ReadWritePaths', signature: 'as', change: 'restart', parse: parseWords },
];

const ROWS: ReadonlyMap<string, PropertyRow> = new Map([...LIVE, ...FIXED].map((row) => [row.name, row]));

/** The row of a property; undefined where hublet knows no such property. */
export function propertyRow(name: string): PropertyRow | undefined {
  return ROWS.get(name);
}

/** Every row, in no order that matters. */
export function propertyRows(): readonly PropertyRow[] {
  return [...ROWS.values()];
}

/** The rows of properties that change in a running unit. */
export function liveRows(): readonly LiveRow[] {
  return LIVE;
}

function live(name: string, signature: string, resource: LiveRow['resource'], unset: unknown): LiveRow {
  return { name, signature, change: 'live', unset, isUnsetSent: false, resource };
}

function memory(name: string, appliedName: string, unset: bigint): LiveRow {
  return {
    ...live(name, 't', 'memory', unset),
    parse: parseBytes,
    applied: { name: appliedName, convert: number },
  };
}

/** A limit for each path, `a(st)`; status shows `/home 1048576, /srv 2097152`. */
function ioLimit(name: string, appliedName: string): LiveRow {
  return {
    ...live(name, 'a(st)', 'io', []),
    applied: {
      name: appliedName,
      convert: (value) =>
        (value as [string, bigint][])
          .map(([path, limit]) => `${path} ${limit}`)
          .sort()
          .join(', '),
    },
  };
}

function withoutOwnFile(value: unknown): unknown {
  const others = (value as [string, boolean][]).filter(([path]) => !/\/[0-9a-f]{64}\.env$/.test(path));
  return others.length === 0 ? undefined : others;
}

/** On for every server, whatever system.conf says: without it the cgroup has no files to read usage from. */
function accounting(name: string, resource: LiveRow['resource']): LiveRow {
  return { ...live(name, 'b', resource, true), isUnsetSent: true, parse: parseBoolean };
}
