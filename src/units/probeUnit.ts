/** A probe by exec as a unit: what runs the server, but for what makes it a server. Pure. */
import type { Server } from '../admission/types.ts';
import { serverEnvironment } from './environment.ts';
import { escapedName } from './name.ts';
import { searchPath } from './paths.ts';
import { execEntry } from './process.ts';
import { listProperty, property } from './property.ts';
import { propertyRow, settingOf } from './table.ts';
import type { UnitPlan, UnitProperty } from './types.ts';

/** What a probe may use at most; the server's own limit counts where that is lower. */
const MEMORY_MAX_BYTES = 256n * 1024n * 1024n;
const TASKS_MAX = 64n;
const CPU_QUOTA_USEC = 1_000_000n;
/** syslog's "alert": systemd writes three lines into the journal for each try otherwise. */
const QUIET = 1;
const SIGKILL = 9;

/** Settings of systemd.exec(5) and systemd.resource-control(5) that belong to the server itself and not to its confines. */
const OWN_SETTINGS: ReadonlySet<string> = new Set([
  'StandardInput',
  'StandardInputData',
  'StandardInputText',
  'StandardOutput',
  'StandardError',
  'LogLevelMax',
  'LogExtraFields',
  'TTYPath',
  'TTYReset',
  'TTYVHangup',
  'TTYVTDisallocate',
  'TTYRows',
  'TTYColumns',
  'UtmpIdentifier',
  'UtmpMode',
  'RuntimeDirectoryPreserve',
  'RemoveIPC',
  'ExecSearchPath',
  'CPUQuota',
  'MemoryMin',
  'MemoryLow',
  'MemoryHigh',
  'MemoryMax',
  'MemorySwapMax',
  'TasksMax',
  'Delegate',
  'DelegateSubgroup',
  'DisableControllers',
  'ManagedOOMSwap',
  'ManagedOOMMemoryPressure',
  'ManagedOOMMemoryPressureLimit',
  'ManagedOOMMemoryPressureDurationSec',
  'ManagedOOMPreference',
]);

/** Namespaces that systemd shares between units which both have them. @see systemd.unit(5), "JoinsNamespaceOf=" */
const SHARED_NAMESPACES: readonly string[] = [
  'PrivateTmp',
  'PrivateTmpEx',
  'PrivateNetwork',
  'PrivateIPC',
  'DynamicUser',
];

/** What of a server's unit counts for the probes that it runs: who it is, what it sees, where it may go. */
export function isShared(name: string): boolean {
  const setting = settingOf(propertyRow(name)?.setting ?? '');
  if (setting === undefined || OWN_SETTINGS.has(setting.name)) return false;
  return setting.man === 'systemd.exec(5)' || setting.man === 'systemd.resource-control(5)';
}

/**
 * Properties of the unit that runs one try of a probe's command; `command` is expanded, and never goes through a shell.
 *
 * The unit ends with its main process or at its timeout, all of it by SIGKILL, and systemd forgets it at once, also where
 * nobody waits for it any more.
 * @param instanceId for the journal alone: such a unit is nobody's server
 */
export function compileProbe(
  server: Server,
  { properties }: UnitPlan,
  command: readonly string[],
  timeoutMs: number,
  instanceId: string,
): readonly UnitProperty[] {
  const { spec, unit } = server;
  const shared = properties.filter(({ name }) => isShared(name));
  const isJoined = properties.some(({ name, value }) => SHARED_NAMESPACES.includes(name) && value !== false);
  const hasRuntimeDirectory = shared.some(({ name }) => name === 'RuntimeDirectory');
  const isSearched = !(command[0] ?? '').includes('/');
  const path = isSearched ? searchPath(serverEnvironment(server).variables.get('PATH') ?? '') : [];
  return [
    property('Description', `${spec.name} (hublet probe)`),
    ...shared,
    ...(isJoined ? [property('JoinsNamespaceOf', [unit])] : []),
    // Its end must not take the server's own directory away.
    ...(hasRuntimeDirectory ? [property('RuntimeDirectoryPreserve', 'yes')] : []),
    ...listProperty('ExecSearchPath', path),
    property('ExecStart', [execEntry(command)]),
    property('Type', 'oneshot'),
    property('TimeoutStartUSec', BigInt(timeoutMs) * 1000n),
    property('TimeoutStopUSec', 1_000_000n),
    property('KillMode', 'control-group'),
    property('KillSignal', SIGKILL),
    property('CollectMode', 'inactive-or-failed'),
    property('StartLimitIntervalUSec', 0n),
    property('StandardInput', 'null'),
    property('StandardOutput', 'null'),
    property('StandardError', 'null'),
    property('LogLevelMax', QUIET),
    property('LogExtraFields', [
      Buffer.from(`HUBLET_PROBE=${escapedName(spec.name)}`),
      Buffer.from(`HUBLET_INSTANCE=${instanceId}`),
    ]),
    property('MemoryMax', least(properties, 'MemoryMax', MEMORY_MAX_BYTES)),
    property('MemorySwapMax', 0n),
    property('TasksMax', least(properties, 'TasksMax', TASKS_MAX)),
    property('CPUQuotaPerSecUSec', least(properties, 'CPUQuotaPerSecUSec', CPU_QUOTA_USEC)),
  ];
}

function least(properties: readonly UnitProperty[], name: string, most: bigint): bigint {
  const value = properties.find((one) => one.name === name)?.value;
  return typeof value === 'bigint' && value < most ? value : most;
}
