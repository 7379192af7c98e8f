import type { Server } from '../admission/types.ts';
import { parseAddressRanges } from '../spec/addresses.ts';
import { capabilityMask } from '../spec/capabilities.ts';
import { systemCallRules } from '../spec/systemCalls.ts';
import type { BindMount, DeviceRule, Sandbox } from '../spec/types.ts';
import { listProperty, optionalProperty, property } from './property.ts';
import type { UnitProperty } from './types.ts';

/** The mount flag MS_REC: with the mounts below. @see mount(2) */
const RECURSIVE = 16_384n;
const FAMILIES = { ipv4: 2, ipv6: 10 } as const;
/** Of directories that are the server's own. */
const PRIVATE_MODE = 0o700;

/** As whom it runs, and the directories that are its own. A user manager runs everything as its own user and refuses User=. */
export function accountProperties(server: Server, isUserMode: boolean): UnitProperty[] {
  const { spec, account, runtimeDirectory } = server;
  const stateDirectory = account.isDynamic === true ? account.stateDirectory : server.stateDirectory;
  const groups = [
    ...optionalProperty('Group', spec.group),
    ...listProperty('SupplementaryGroups', spec.supplementaryGroups),
  ];
  return [
    ...(isUserMode ? [] : [property('User', account.name), ...groups]),
    ...(account.isDynamic === true ? [property('DynamicUser', true)] : []),
    ...ownDirectory('StateDirectory', stateDirectory),
    ...ownDirectory('RuntimeDirectory', runtimeDirectory),
  ];
}

/** What it may see and do. What is as systemd has it anyway is not sent. @see systemd.exec(5), "Sandboxing"; systemd.resource-control(5) */
export function sandboxProperties(sandbox: Sandbox): UnitProperty[] {
  const { protectProc, systemCallFilter = [], capabilities } = sandbox;
  return [
    property('PrivateTmp', sandbox.privateTmp),
    property('NoNewPrivileges', sandbox.noNewPrivileges),
    ...listProperty('ReadOnlyPaths', sandbox.readOnlyPaths),
    ...listProperty('ReadWritePaths', sandbox.readWritePaths),
    ...listProperty('InaccessiblePaths', sandbox.inaccessiblePaths ?? []),
    ...listProperty('BindPaths', (sandbox.bindPaths ?? []).map(bindEntry)),
    ...listProperty('BindReadOnlyPaths', (sandbox.bindReadOnlyPaths ?? []).map(bindEntry)),
    ...(sandbox.privateDevices === true ? [property('PrivateDevices', true)] : []),
    ...deviceProperties(sandbox.deviceAllow),
    ...optionalProperty('ProtectSystem', switchWord(sandbox.protectSystem)),
    ...optionalProperty('ProtectHome', switchWord(sandbox.protectHome)),
    ...optionalProperty('ProtectProc', protectProc === 'default' ? undefined : protectProc),
    ...(sandbox.privateNetwork === true ? [property('PrivateNetwork', true)] : []),
    ...listProperty('IPAddressAllow', (sandbox.ipAddressAllow ?? []).flatMap(addressEntries)),
    ...listProperty('IPAddressDeny', (sandbox.ipAddressDeny ?? []).flatMap(addressEntries)),
    ...optionalProperty('CapabilityBoundingSet', capabilities === undefined ? undefined : capabilityMask(capabilities)),
    ...(systemCallFilter.length === 0 ? [] : systemCallRules(systemCallFilter)).map(({ isAllowed, names }) =>
      property('SystemCallFilter', [isAllowed, names]),
    ),
    ...optionalProperty('UMask', sandbox.umask),
  ];
}

function ownDirectory(kind: 'StateDirectory' | 'RuntimeDirectory', directory: string | undefined): UnitProperty[] {
  return directory === undefined ? [] : [property(kind, [directory]), property(`${kind}Mode`, PRIVATE_MODE)];
}

function deviceProperties(rules: readonly DeviceRule[] | undefined): UnitProperty[] {
  if (rules === undefined) return [];
  const entries = rules.map(({ device, access }) => [device, access]);
  return [property('DevicePolicy', 'closed'), ...listProperty('DeviceAllow', entries)];
}

/** Source, destination, whether the source may be absent, mount flags. */
function bindEntry({ source, destination, isOptional, isRecursive }: BindMount): unknown {
  return [source, destination, isOptional, isRecursive ? RECURSIVE : 0n];
}

/** Address family, address, prefix length. */
function addressEntries(text: string): unknown[] {
  const ranges = parseAddressRanges(text);
  if (ranges === undefined) throw new TypeError('an address that the schema does not take');
  return ranges.map(({ family, bytes, prefixLength }) => [FAMILIES[family], lasting(bytes), prefixLength]);
}

/** As long as one of these lives, what Buffer.from cuts a piece off lives too: 64 KiB. */
function lasting(bytes: ArrayLike<number>): Buffer {
  const own = Buffer.alloc(bytes.length);
  own.set(bytes);
  return own;
}

/** systemd's words for yes and the values beside it; undefined: no, which is systemd's default. */
function switchWord(value: boolean | string | undefined): string | undefined {
  if (value === undefined || value === false) return undefined;
  return value === true ? 'yes' : value;
}
