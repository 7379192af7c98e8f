import { SystemdError, type SystemdErrorCode } from './port.ts';

const codes: Readonly<Record<string, SystemdErrorCode>> = {
  'org.freedesktop.systemd1.UnitExists': 'UnitExists',
  'org.freedesktop.systemd1.NoSuchUnit': 'NoSuchUnit',
  'org.freedesktop.systemd1.BadUnitSetting': 'InvalidProperty',
  'org.freedesktop.DBus.Error.InvalidArgs': 'InvalidProperty',
  'org.freedesktop.DBus.Error.PropertyReadOnly': 'InvalidProperty',
  'org.freedesktop.DBus.Error.UnknownProperty': 'InvalidProperty',
  'System.Error.ENXIO': 'InvalidProperty',
  'org.freedesktop.DBus.Error.AccessDenied': 'AccessDenied',
  'org.freedesktop.DBus.Error.AuthFailed': 'AccessDenied',
  'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired': 'AccessDenied',
  'System.Error.EACCES': 'AccessDenied',
  'System.Error.EPERM': 'AccessDenied',
  'org.freedesktop.DBus.Error.NoReply': 'UnknownOutcome',
  'org.freedesktop.DBus.Error.Timeout': 'UnknownOutcome',
  'org.freedesktop.DBus.Error.TimedOut': 'UnknownOutcome',
  'org.freedesktop.DBus.Error.Disconnected': 'UnknownOutcome',
  // systemd has no name on the bus: the call went nowhere.
  'org.freedesktop.DBus.Error.ServiceUnknown': 'Disconnected',
  'org.freedesktop.DBus.Error.NameHasNoOwner': 'Disconnected',
  'org.freedesktop.DBus.Error.Spawn.ChildExited': 'Disconnected',
};

/** An error answer of the bus or of systemd. `dbusName` is what D-Bus calls it. */
export class DbusFailure extends SystemdError {
  readonly dbusName: string;

  constructor(dbusName: string, text: string, what: string) {
    super(codeOf(dbusName), `${what}: ${text || 'no message'} (${dbusName})`);
    this.dbusName = dbusName;
  }
}

function codeOf(dbusName: string): SystemdErrorCode {
  return Object.hasOwn(codes, dbusName) ? (codes[dbusName] ?? 'Failed') : 'Failed';
}

/** Any error as a SystemdError, unchanged where it is one already. */
export function toSystemdError(error: unknown): SystemdError {
  if (error instanceof SystemdError) return error;
  return new SystemdError('Failed', error instanceof Error ? error.message : String(error), { cause: error });
}
