import type { UnitProperty } from './types.ts';

/** The cgroup controllers that limits of a server belong to. */
export const CONTROLLERS = ['cpu', 'cpuset', 'io', 'memory', 'pids'] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** What a property needs before a user manager carries it out. */
export type UserModeNeed =
  /** PrivateUsers=yes, and a host that lets users make namespaces of their own. */
  | { readonly kind: 'namespaces' }
  /** A cgroup controller that was delegated to the user manager. */
  | { readonly kind: 'controller'; readonly controller: Controller }
  /** The rights of the system's manager; `why` follows "because". */
  | { readonly kind: 'root'; readonly why: string };

const BPF = 'no user may load the BPF program that it takes';
const NOT_APPLIED = 'a user manager takes it and leaves it undone';

const ROOT_ONLY: ReadonlyMap<string, string> = new Map([
  ...['User', 'Group', 'SupplementaryGroups', 'DynamicUser', 'PAMName'].map(
    (name) => [name, 'a user manager runs everything as its own user'] as const,
  ),
  ...[
    ...['IPAddressAllow', 'IPAddressDeny', 'DevicePolicy', 'DeviceAllow', 'RestrictNetworkInterfaces'],
    ...['SocketBindAllow', 'SocketBindDeny', 'IPIngressFilterPath', 'IPEgressFilterPath', 'BPFProgram'],
    'RestrictFileSystems',
  ].map((name) => [name, BPF] as const),
  ...['ProtectProc', 'ProcSubset', 'PrivateIPC', 'IPCNamespacePath', 'NetworkNamespacePath'].map(
    (name) => [name, NOT_APPLIED] as const,
  ),
]);

const NAMESPACED: ReadonlySet<string> = new Set([
  ...['PrivateTmp', 'PrivateDevices', 'PrivateNetwork', 'PrivateMounts', 'ProtectSystem', 'ProtectHome'],
  ...['ReadOnlyPaths', 'ReadWritePaths', 'InaccessiblePaths', 'ExecPaths', 'NoExecPaths', 'TemporaryFileSystem'],
  ...['BindPaths', 'BindReadOnlyPaths', 'RootDirectory', 'ProtectHostname', 'ProtectClock', 'ProtectKernelTunables'],
  ...['ProtectKernelModules', 'ProtectKernelLogs', 'ProtectControlGroups'],
  ...['CapabilityBoundingSet', 'AmbientCapabilities'],
]);

/** By the way the name begins, `Startup` before it aside. */
const CONTROLLED: readonly (readonly [RegExp, Controller])[] = [
  [/^(AllowedCPUs|AllowedMemoryNodes)/, 'cpuset'],
  [/^CPU(Weight|Shares|Quota)/, 'cpu'],
  [/^IO(Weight|DeviceWeight|Read|Write|DeviceLatency)|^BlockIO/, 'io'],
  [/^(Default)?Memory(Min|Low|High|Max|SwapMax|ZSwapMax|Limit|Pressure)|^ManagedOOM/, 'memory'],
  [/^TasksMax/, 'pids'],
];

/**
 * What a property needs in a user manager; undefined: nothing, it works as in the system's.
 *
 * Measured on systemd 252: what is listed here was seen to be taken and left undone otherwise, or to fail at the start.
 * @param property systemd's name of it, as in unit files or over D-Bus
 */
export function userModeNeed(property: string): UserModeNeed | undefined {
  const why = ROOT_ONLY.get(property);
  if (why !== undefined) return { kind: 'root', why };
  if (NAMESPACED.has(property)) return { kind: 'namespaces' };
  const found = CONTROLLED.find(([begin]) => begin.test(property.replace(/^Startup/, '')));
  return found === undefined ? undefined : { kind: 'controller', controller: found[1] };
}

/** Whether a unit with these properties must have PrivateUsers=yes in a user manager, which otherwise leaves them undone without a word. */
export function needsPrivateUsers(properties: readonly UnitProperty[]): boolean {
  return properties.some(({ name, value }) => userModeNeed(name)?.kind === 'namespaces' && isOn(value));
}

function isOn(value: unknown): boolean {
  return value !== false && value !== 'no' && !(Array.isArray(value) && value.length === 0);
}
