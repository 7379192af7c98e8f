import type { BusSignal } from './bus.ts';
import { isCommandUnitName, isOurUnitName, unitOfPath } from './path.ts';
import type { UnitState } from './port.ts';
import { usecToMs } from './values.ts';

/** What systemd said, in hublet's words; about our units only, but for the last three. */
export type SystemdSignal =
  | { readonly kind: 'serviceChanged'; readonly unit: string; readonly service: ServiceFacts }
  | { readonly kind: 'unitChanged'; readonly unit: string; readonly facts: UnitFacts }
  | { readonly kind: 'jobNew'; readonly unit: string; readonly job: number }
  | { readonly kind: 'jobRemoved'; readonly unit: string; readonly job: number; readonly result: string }
  | { readonly kind: 'unitRemoved'; readonly unit: string }
  /** About units that run one command. */
  | { readonly kind: 'commandChanged'; readonly unit: string; readonly service: ServiceFacts }
  | { readonly kind: 'commandJobRemoved'; readonly unit: string; readonly result: string }
  /** daemon-reload or daemon-reexec began or ended. */
  | { readonly kind: 'reloading'; readonly isActive: boolean }
  /** systemd has another unique name now; empty: none. */
  | { readonly kind: 'ownerChanged'; readonly owner: string }
  /** A job for a target that takes the host (or the user's session) down. */
  | { readonly kind: 'shutdownJob' };

/** What a PropertiesChanged or GetAll of the Unit interface tells; absent: not told. */
export interface UnitFacts {
  readonly loadState?: string;
  readonly activeState?: UnitState['activeState'];
  readonly subState?: string;
  /** 0: none. */
  readonly job?: number;
  readonly invocationId?: string;
  readonly activeSinceMs?: number | undefined;
}

/** The same of the Service interface, as far as it is signalled. */
export interface ServiceFacts {
  readonly mainPid?: number;
  readonly result?: string;
  readonly execMainCode?: number;
  readonly execMainStatus?: number;
}

/** All that is read of a unit here and in the mirror, the live limits apart. */
export const readProperties: readonly string[] = [
  ...['LoadState', 'ActiveState', 'SubState', 'Job', 'InvocationID', 'ActiveEnterTimestamp'],
  ...['MainPID', 'Result', 'ExecMainCode', 'ExecMainStatus', 'ControlGroup', 'LogExtraFields'],
];

const manager = 'org.freedesktop.systemd1.Manager';
const shutdownTargets = ['shutdown', 'reboot', 'poweroff', 'halt', 'kexec', 'soft-reboot', 'exit'].map(
  (name) => `${name}.target`,
);

/** A D-Bus signal as what it says; undefined for those that don't concern us. UnitNew says nothing that JobNew doesn't. */
export function readSignal(signal: BusSignal): SystemdSignal | undefined {
  const { body, member } = signal;
  if (member === 'PropertiesChanged') {
    const unit = unitOfPath(signal.path);
    if (unit === undefined) return undefined;
    const properties = asRecord(body[1]);
    if (isCommandUnitName(unit)) {
      const isService = body[0] === 'org.freedesktop.systemd1.Service';
      return isService ? { kind: 'commandChanged', unit, service: readServiceFacts(properties) } : undefined;
    }
    if (!isOurUnitName(unit)) return undefined;
    if (body[0] === 'org.freedesktop.systemd1.Unit')
      return { kind: 'unitChanged', unit, facts: readUnitFacts(properties) };
    if (body[0] === 'org.freedesktop.systemd1.Service') {
      return { kind: 'serviceChanged', unit, service: readServiceFacts(properties) };
    }
    return undefined;
  }
  if (signal.interface === 'org.freedesktop.DBus' && member === 'NameOwnerChanged') {
    return { kind: 'ownerChanged', owner: String(body[2]) };
  }
  return signal.interface === manager ? readManagerSignal(member, body) : undefined;
}

function readManagerSignal(member: string, body: readonly unknown[]): SystemdSignal | undefined {
  switch (member) {
    case 'Reloading':
      return { kind: 'reloading', isActive: body[0] === true };
    case 'JobNew': {
      const unit = String(body[2]);
      if (shutdownTargets.includes(unit)) return { kind: 'shutdownJob' };
      return isOurUnitName(unit) ? { kind: 'jobNew', unit, job: Number(body[0]) } : undefined;
    }
    case 'JobRemoved': {
      const unit = String(body[2]);
      if (isCommandUnitName(unit)) return { kind: 'commandJobRemoved', unit, result: String(body[3]) };
      if (!isOurUnitName(unit)) return undefined;
      return { kind: 'jobRemoved', unit, job: Number(body[0]), result: String(body[3]) };
    }
    case 'UnitRemoved': {
      const unit = String(body[0]);
      return isOurUnitName(unit) ? { kind: 'unitRemoved', unit } : undefined;
    }
    default:
      return undefined;
  }
}

/** The Unit properties that matter, from a signal or from GetAll. */
export function readUnitFacts(properties: Readonly<Record<string, unknown>>): UnitFacts {
  const { LoadState, ActiveState, SubState, Job, InvocationID, ActiveEnterTimestamp } = properties;
  return {
    ...(typeof LoadState === 'string' && { loadState: LoadState }),
    ...(typeof ActiveState === 'string' && { activeState: ActiveState as UnitState['activeState'] }),
    ...(typeof SubState === 'string' && { subState: SubState }),
    ...(Array.isArray(Job) && { job: Number(Job[0]) }),
    ...(InvocationID instanceof Uint8Array && { invocationId: readInvocationId(InvocationID) }),
    ...(ActiveEnterTimestamp !== undefined && { activeSinceMs: usecToMs(ActiveEnterTimestamp) }),
  };
}

/** The signalled Service properties, from a signal or from GetAll. */
export function readServiceFacts(properties: Readonly<Record<string, unknown>>): ServiceFacts {
  const { MainPID, Result, ExecMainCode, ExecMainStatus } = properties;
  return {
    ...(typeof MainPID === 'number' && { mainPid: MainPID }),
    ...(typeof Result === 'string' && { result: Result }),
    ...(typeof ExecMainCode === 'number' && { execMainCode: ExecMainCode }),
    ...(typeof ExecMainStatus === 'number' && { execMainStatus: ExecMainStatus }),
  };
}

/** 32 hex digits; empty for none, which systemd says with no bytes or with sixteen zeros. */
export function readInvocationId(bytes: Uint8Array): string {
  return bytes.every((byte) => byte === 0) ? '' : Buffer.from(bytes).toString('hex');
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
