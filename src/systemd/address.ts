import { SystemdError } from './port.ts';

/** Address of the system bus: `DBUS_SYSTEM_BUS_ADDRESS`, else the well-known socket. */
export function systemBusAddress(environment: Readonly<Record<string, string | undefined>>): string {
  return environment.DBUS_SYSTEM_BUS_ADDRESS || 'unix:path=/run/dbus/system_bus_socket';
}

/** The user's runtime directory: `XDG_RUNTIME_DIR`, else where logind makes it. @see XDG Base Directory Specification: a relative path is ignored */
export function userRuntimeDirectory(environment: Readonly<Record<string, string | undefined>>, uid: number): string {
  const given = environment.XDG_RUNTIME_DIR;
  return given?.startsWith('/') === true ? given : `/run/user/${uid}`;
}

/** Address of the user's bus: `DBUS_SESSION_BUS_ADDRESS`, else the socket in the user's runtime directory. */
export function userBusAddress(environment: Readonly<Record<string, string | undefined>>, uid: number): string {
  const given = environment.DBUS_SESSION_BUS_ADDRESS;
  if (given !== undefined && given !== '') return given;
  const path = `${userRuntimeDirectory(environment, uid)}/bus`;
  return `unix:path=${path.replaceAll(/[^\w/.-]/g, (character) => encodeURIComponent(character))}`;
}

/**
 * An address in the form in which the D-Bus library opens a plain socket.
 *
 * `unix:path=` would make it look for a native module first and use that where it happens to be installed;
 * it also understands no escapes. Of several addresses the first that can be used is taken.
 *
 * @throws {SystemdError} `Disconnected` where no part of it can be used
 * @see D-Bus Specification, "Server Addresses"
 */
export function toLibraryAddress(address: string): string {
  for (const part of address.split(';')) {
    const [family = '', rest = ''] = part.split(/:(.*)/s);
    const values = new Map(
      rest.split(',').map((pair) => [pair.split('=')[0] ?? '', decodeEscapes(pair.replace(/^[^=]*=/, ''))]),
    );
    const abstract = values.get('abstract');
    const socket = values.get('path') ?? (abstract === undefined ? undefined : `\0${abstract}`);
    if (family === 'unix' && socket !== undefined && !/[:,;=]/.test(socket)) return `unix:socket=${socket}`;
    if (family === 'tcp' && values.has('port'))
      return `tcp:host=${values.get('host') ?? 'localhost'},port=${values.get('port')}`;
  }
  throw new SystemdError(
    'Disconnected',
    `"${address}" is not a D-Bus address that can be used: unix:path=/path expected`,
  );
}

/** The socket's file that an address leads to; undefined where it has none: TCP, or a name that is no file. @throws {SystemdError} as `toLibraryAddress` does */
export function socketFile(address: string): string | undefined {
  return /^unix:socket=(\/.*)$/.exec(toLibraryAddress(address))?.[1];
}

function decodeEscapes(value: string): string {
  return value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
