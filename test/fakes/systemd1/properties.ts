import { Variant } from 'dbus-next';

/** A property that the fake knows: its type and, where it can be changed while the unit runs, its value when unset. */
interface KnownProperty {
  readonly signature: string;
  readonly of: 'Unit' | 'Service';
  readonly unset?: unknown;
}

const unlimited = 2n ** 64n - 1n;

function named(of: 'Unit' | 'Service', signature: string, names: string): [string, KnownProperty][] {
  return names.split(' ').map((name) => [name, { signature, of }]);
}

function live(signature: string, unset: unknown, names: string): [string, KnownProperty][] {
  return names.split(' ').map((name) => [name, { signature, of: 'Service', unset }]);
}

/** What systemd 252 takes from StartTransientUnit, as measured; the live ones also from SetUnitProperties. */
export const knownProperties: ReadonlyMap<string, KnownProperty> = new Map([
  ['Description', { signature: 's', of: 'Unit', unset: '' }],
  ...named('Unit', 's', 'CollectMode SourcePath'),
  ...named(
    'Unit',
    'as',
    'Documentation After Before Wants Requires PartOf Conflicts RequiresMountsFor JoinsNamespaceOf',
  ),
  ...named('Unit', 't', 'StartLimitIntervalUSec JobRunningTimeoutUSec'),
  ...named('Unit', 'u', 'StartLimitBurst'),
  ...named('Unit', 'b', 'DefaultDependencies RefuseManualStop'),
  ...named(
    'Service',
    's',
    'Type Slice User Group WorkingDirectory Restart KillMode OOMPolicy StandardInput StandardOutput',
  ),
  ...named(
    'Service',
    's',
    'StandardError SyslogIdentifier ProtectSystem ProtectHome ProtectProc ProcSubset KeyringMode NotifyAccess',
  ),
  ...named('Service', 's', 'RuntimeDirectoryPreserve ExitType PAMName RootDirectory'),
  ...named(
    'Service',
    'as',
    'SupplementaryGroups Environment PassEnvironment UnsetEnvironment ExecSearchPath ReadOnlyPaths',
  ),
  ...named(
    'Service',
    'as',
    'ReadWritePaths InaccessiblePaths StateDirectory RuntimeDirectory CacheDirectory LogsDirectory',
  ),
  ...named('Service', 'a(sasb)', 'ExecStart ExecStartPre ExecStartPost ExecStop ExecStopPost ExecReload ExecCondition'),
  ...named('Service', 'a(sb)', 'EnvironmentFiles'),
  ...named('Service', 'aay', 'LogExtraFields'),
  ...named('Service', 'a(ss)', 'LoadCredential'),
  ...named('Service', 'a(ssbt)', 'BindPaths BindReadOnlyPaths'),
  ...named('Service', '(bas)', 'SystemCallFilter RestrictAddressFamilies'),
  ...named('Service', '(aiai)', 'SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus'),
  ...named('Service', 't', 'TimeoutStartUSec TimeoutStopUSec TimeoutAbortUSec RestartUSec WatchdogUSec RuntimeMaxUSec'),
  ...named(
    'Service',
    't',
    'LimitNOFILE LimitNOFILESoft LimitCORE LimitNPROC CapabilityBoundingSet AmbientCapabilities',
  ),
  ...named('Service', 't', 'RestrictNamespaces LogRateLimitIntervalUSec'),
  ...named('Service', 'u', 'UMask LogRateLimitBurst StateDirectoryMode RuntimeDirectoryMode'),
  ...named('Service', 'i', 'KillSignal FinalKillSignal Nice OOMScoreAdjust LogLevelMax'),
  ...named(
    'Service',
    'b',
    'PrivateTmp PrivateDevices NoNewPrivileges PrivateNetwork PrivateUsers PrivateIPC PrivateMounts',
  ),
  ...named(
    'Service',
    'b',
    'ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectControlGroups ProtectClock',
  ),
  ...named('Service', 'b', 'ProtectHostname RestrictRealtime RestrictSUIDSGID LockPersonality MemoryDenyWriteExecute'),
  ...named(
    'Service',
    'b',
    'DynamicUser RemainAfterExit SendSIGKILL SendSIGHUP Delegate IgnoreSIGPIPE SyslogLevelPrefix',
  ),
  ...live(
    't',
    unlimited,
    'MemoryMax MemoryHigh MemorySwapMax TasksMax CPUQuotaPerSecUSec CPUQuotaPeriodUSec CPUWeight',
  ),
  ...live('t', unlimited, 'StartupCPUWeight IOWeight'),
  ...live('t', 0n, 'MemoryLow MemoryMin'),
  ...live('ay', Buffer.alloc(0), 'AllowedCPUs AllowedMemoryNodes'),
  ...live('b', false, 'CPUAccounting MemoryAccounting IOAccounting TasksAccounting IPAccounting'),
  ...live('a(st)', [], 'IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax'),
  ...live('a(ss)', [], 'DeviceAllow'),
  ...live('a(iayu)', [], 'IPAddressAllow IPAddressDeny'),
  ...live('s', 'auto', 'DevicePolicy ManagedOOMSwap ManagedOOMMemoryPressure'),
] as [string, KnownProperty][]);

/** systemd's refusal of a property, by the error it answers with; undefined where it takes it. */
export function refusal(
  name: string,
  { signature, value }: Variant,
  isLiveChange: boolean,
): { readonly name: string; readonly text: string } | undefined {
  const known = knownProperties.get(name);
  if (known === undefined || (isLiveChange && known.unset === undefined)) {
    return {
      name: 'org.freedesktop.DBus.Error.PropertyReadOnly',
      text: `Cannot set property ${name}, or unknown property.`,
    };
  }
  if (signature !== known.signature) {
    return { name: 'System.Error.ENXIO', text: 'Failed to set unit properties: Unexpected message contents' };
  }
  const isZeroLimit = value === 0n && ['MemoryMax', 'TasksMax', 'CPUQuotaPerSecUSec', 'IOWeight'].includes(name);
  if (isZeroLimit || (name === 'CPUWeight' && value > 10_000n && value !== unlimited)) {
    return { name: 'org.freedesktop.DBus.Error.InvalidArgs', text: `Value specified in ${name} is out of range` };
  }
  return undefined;
}

/** What a unit's interface says of the settings it was given, with the unset values of all live ones. */
export function settingsOf(of: 'Unit' | 'Service', given: ReadonlyMap<string, Variant>): Record<string, Variant> {
  const settings: Record<string, Variant> = {};
  for (const [name, known] of knownProperties) {
    if (known.of !== of) continue;
    const variant =
      given.get(name) ?? (known.unset === undefined ? undefined : new Variant(known.signature, known.unset));
    if (variant !== undefined) settings[name] = variant;
  }
  return settings;
}

/** Sets a property as systemd does: lists are appended to, an empty list clears. */
export function assign(given: Map<string, Variant>, name: string, variant: Variant): void {
  const before = given.get(name);
  const isList = Array.isArray(variant.value);
  if (isList && before !== undefined && variant.value.length > 0) {
    given.set(name, new Variant(variant.signature, [...before.value, ...variant.value]));
  } else given.set(name, variant);
}
