import { formatCpus } from '../spec/quantities.ts';
import { cpuMask, cpusOfMask } from './cpuset.ts';
import {
  INFINITY,
  parseBoolean,
  parseBytes,
  parseCount,
  parseCpuPercent,
  parseCpuSet,
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
  // The path only: what is in the file counts in the hash.
  { name: 'EnvironmentFiles', signature: 'a(sb)', change: 'none' },
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

/** On for every server, whatever system.conf says: without it the cgroup has no files to read usage from. */
function accounting(name: string, resource: LiveRow['resource']): LiveRow {
  return { ...live(name, 'b', resource, true), isUnsetSent: true, parse: parseBoolean };
}
