/** What of a spec one user's own systemd can carry out, and in which words the rest is refused: never left out in silence. */
import { SPEC_DEFAULTS } from '../spec/defaults.ts';
import type { ServerSpec } from '../spec/types.ts';
import { CONTROLLERS, type Controller, userModeNeed } from '../units/userMode.ts';

/** What was found out of a user manager, by starting a unit in it. */
export interface UserManagerFacts {
  readonly uid: number;
  /** Name of the user; undefined where the account database has none for the uid. */
  readonly userName: string | undefined;
  /** Controllers whose limits it enforces. */
  readonly controllers: ReadonlySet<string>;
  /** Why it can't give a server namespaces of its own, for a sentence that goes on; undefined: it can. */
  readonly namespaceProblem: string | undefined;
  /** The most open files that it can grant; undefined: not known. */
  readonly filesMax: number | undefined;
  /** The lowest that it can grant of each. */
  readonly niceMin: number;
  readonly oomScoreAdjustMin: number;
}

export type UserModeFit =
  | {
      readonly kind: 'fits';
      /** The spec with the user's uid as its account, and without what only a default asked for and can't be had. */
      readonly spec: ServerSpec;
      /** What was left out, for a person; undefined: nothing. */
      readonly note: string | undefined;
    }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Fits a spec to a user manager.
 *
 * A field that it can't carry out is refused by name. Only `sandbox.privateTmp` that no one wrote is left out instead, where users can't
 * have namespaces: it is on by default, so nothing at all would run there. The same spec and facts always give the same answer.
 */
export function fitUserMode(spec: ServerSpec, facts: UserManagerFacts): UserModeFit {
  const { sandbox } = spec;
  const isTmpLeftOut =
    facts.namespaceProblem !== undefined && sandbox.privateTmp && sandbox.isPrivateTmpDefault === true;
  const wanted = isTmpLeftOut ? { ...spec, sandbox: { ...sandbox, privateTmp: false } } : spec;
  const message = accountRefusal(wanted, facts) ?? fieldRefusal(wanted, facts);
  if (message !== undefined) return { kind: 'refused', message };
  const note = isTmpLeftOut
    ? `spec.sandbox.privateTmp is on by default and left out here, since ${facts.namespaceProblem}: it shares /tmp with everybody`
    : undefined;
  return { kind: 'fits', spec: { ...wanted, user: String(facts.uid) }, note };
}

function accountRefusal(spec: ServerSpec, { uid, userName }: UserManagerFacts): string | undefined {
  const caller = userName ?? `uid ${uid}`;
  const refuse = (field: string, what: string): string =>
    `spec.${field}: ${what}; a user manager runs servers as ${caller} alone: leave it out, or run hublet as root`;
  const isCaller = [SPEC_DEFAULTS.user, String(uid), userName].includes(spec.user);
  if (!isCaller) return refuse('user', `can't be ${JSON.stringify(spec.user)}`);
  if (spec.group !== undefined) return refuse('group', "can't be chosen");
  if (spec.supplementaryGroups.length > 0) return refuse('supplementaryGroups', "can't be given");
  return spec.dynamicUser ? refuse('dynamicUser', "can't be made") : undefined;
}

function fieldRefusal(spec: ServerSpec, facts: UserManagerFacts): string | undefined {
  const files = spec.resources.filesMax;
  if (files !== undefined && facts.filesMax !== undefined && files > facts.filesMax)
    return `spec.resources.files: can be at most ${facts.filesMax} here, which is what an admin granted your user manager: ${dropIn('LimitNOFILE=')}`;
  for (const [name, lowest] of [
    ['Nice', facts.niceMin],
    ['OOMScoreAdjust', facts.oomScoreAdjustMin],
  ] as const) {
    if (Number(spec.unitProperties[name]) < lowest)
      return `spec.unitProperties.${name}: can be ${lowest} at the lowest in user mode, and your user manager would put that in the place of less without a word`;
  }
  for (const [path, property] of wishes(spec)) {
    const why = refusalOf(property, facts);
    if (why !== undefined) return `${path}: ${why}`;
  }
  return undefined;
}

/** Why a user manager can't carry out a property, in words that follow the field's path; undefined: it can. */
export function refusalOf(property: string, { controllers, namespaceProblem }: UserManagerFacts): string | undefined {
  const need = userModeNeed(property);
  switch (need?.kind) {
    case undefined:
      return undefined;
    case 'root':
      return `can't be had in user mode, because ${need.why}: leave it out, or run hublet as root`;
    case 'namespaces':
      return namespaceProblem === undefined ? undefined : `can't be had here, since ${namespaceProblem}`;
    case 'controller':
      return controllers.has(need.controller) ? undefined : notDelegated(need.controller, controllers);
  }
}

function notDelegated(controller: Controller, controllers: ReadonlySet<string>): string {
  const there = CONTROLLERS.filter((name) => controllers.has(name)).join(' ') || 'none';
  return `the cgroup controller ${controller} is not delegated to your user manager (${there}): ${dropIn(`Delegate=${CONTROLLERS.join(' ')}`)}`;
}

/** What an admin does, and what the user does then: a manager learns of new controllers only when it begins anew. */
function dropIn(setting: string): string {
  return (
    `an admin puts '[Service]' and '${setting}' into /etc/systemd/system/user@.service.d/delegate.conf and runs ` +
    `'systemctl daemon-reload', then you run 'systemctl --user daemon-reexec'`
  );
}

/** Each field that is set and the property that carries it out. */
function wishes({ resources, sandbox, unitProperties }: ServerSpec): [path: string, property: string][] {
  const { io } = resources;
  const all: [path: string, property: string, isSet: boolean][] = [
    ['resources.memory.limit', 'MemoryMax', resources.memoryMaxBytes !== undefined],
    ['resources.memory.high', 'MemoryHigh', resources.memoryHighBytes !== undefined],
    ['resources.memory.guarantee', 'MemoryLow', resources.memoryLowBytes !== undefined],
    ['resources.memory.swap', 'MemorySwapMax', resources.memorySwapMaxBytes !== undefined],
    ['resources.cpu.limit', 'CPUQuotaPerSecUSec', resources.cpuLimitCores !== undefined],
    ['resources.cpu.weight', 'CPUWeight', resources.cpuWeight !== undefined],
    ['resources.cpu.cpus', 'AllowedCPUs', resources.allowedCpus !== undefined],
    ['resources.tasks', 'TasksMax', resources.tasksMax !== undefined],
    ['resources.io.weight', 'IOWeight', io?.weight !== undefined],
    ['resources.io.readBytesPerSecond', 'IOReadBandwidthMax', io?.readBytesPerSecond !== undefined],
    ['resources.io.writeBytesPerSecond', 'IOWriteBandwidthMax', io?.writeBytesPerSecond !== undefined],
    ['resources.io.readIops', 'IOReadIOPSMax', io?.readIops !== undefined],
    ['resources.io.writeIops', 'IOWriteIOPSMax', io?.writeIops !== undefined],
    ['sandbox.privateTmp', 'PrivateTmp', sandbox.privateTmp],
    ['sandbox.privateDevices', 'PrivateDevices', sandbox.privateDevices === true],
    ['sandbox.deviceAllow', 'DeviceAllow', sandbox.deviceAllow !== undefined],
    ['sandbox.readOnlyPaths', 'ReadOnlyPaths', sandbox.readOnlyPaths.length > 0],
    ['sandbox.readWritePaths', 'ReadWritePaths', sandbox.readWritePaths.length > 0],
    ['sandbox.inaccessiblePaths', 'InaccessiblePaths', isFilled(sandbox.inaccessiblePaths)],
    ['sandbox.bindPaths', 'BindPaths', isFilled(sandbox.bindPaths)],
    ['sandbox.bindReadOnlyPaths', 'BindReadOnlyPaths', isFilled(sandbox.bindReadOnlyPaths)],
    ['sandbox.protectSystem', 'ProtectSystem', isOn(sandbox.protectSystem)],
    ['sandbox.protectHome', 'ProtectHome', isOn(sandbox.protectHome)],
    ['sandbox.protectProc', 'ProtectProc', isOn(sandbox.protectProc) && sandbox.protectProc !== 'default'],
    ['sandbox.privateNetwork', 'PrivateNetwork', sandbox.privateNetwork === true],
    ['sandbox.ipAddressAllow', 'IPAddressAllow', isFilled(sandbox.ipAddressAllow)],
    ['sandbox.ipAddressDeny', 'IPAddressDeny', isFilled(sandbox.ipAddressDeny)],
    ['sandbox.capabilities', 'CapabilityBoundingSet', sandbox.capabilities !== undefined],
    ...Object.keys(unitProperties).map((name): [string, string, boolean] => [`unitProperties.${name}`, name, true]),
  ];
  return all.filter(([, , isSet]) => isSet).map(([path, property]) => [`spec.${path}`, property]);
}

function isFilled(list: readonly unknown[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}

function isOn(value: boolean | string | undefined): boolean {
  return value !== undefined && value !== false;
}
