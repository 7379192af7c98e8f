import { accessSync, constants, statSync } from 'node:fs';
import { socketFile, userBusAddress, userRuntimeDirectory } from './address.ts';

/** There is no user manager to work with; the message says what is wrong, and then what to do. */
export class NoUserManager extends Error {
  override readonly name = 'NoUserManager';
  readonly exitCode: number;
  readonly what: string;
  readonly advice: string;

  constructor(exitCode: number, what: string, advice: string) {
    super(`${what}; ${advice}`);
    this.exitCode = exitCode;
    this.what = what;
    this.advice = advice;
  }
}

export interface UserBus {
  readonly address: string;
  readonly runtimeDirectory: string;
}

/** sysexits' EX_UNAVAILABLE and EX_NOPERM. */
const EX_UNAVAILABLE = 69;
const EX_NOPERM = 77;

/**
 * Where the user's own systemd is reached, once its runtime directory and its socket were seen to be there.
 *
 * @throws {NoUserManager} 69: it doesn't run, or has no bus; 77: the runtime directory is somebody else's
 * @throws {SystemdError} the address of the environment can't be used
 */
export function findUserBus(environment: Readonly<Record<string, string | undefined>>, uid: number): UserBus {
  const runtimeDirectory = userRuntimeDirectory(environment, uid);
  const isGiven = environment.XDG_RUNTIME_DIR === runtimeDirectory;
  const own = `/run/user/${uid}`;
  const setIt = `export XDG_RUNTIME_DIR=${own}`;
  const stat = lookAt(runtimeDirectory);
  if (stat === 'absent') {
    const linger = `an admin lets yours run without a login by 'loginctl enable-linger ${uid}'`;
    const then = isGiven && runtimeDirectory !== own ? `, then '${setIt}'` : '';
    throw new NoUserManager(
      EX_UNAVAILABLE,
      `no systemd runs for you: its directory ${runtimeDirectory} is not there`,
      `${linger}${then}`,
    );
  }
  if (stat === 'forbidden' || stat.uid !== uid || !isWritable(runtimeDirectory)) {
    const advice =
      isGiven && runtimeDirectory !== own
        ? `set it right by '${setIt}'`
        : `look at it with 'ls -ld ${runtimeDirectory}'`;
    throw new NoUserManager(EX_NOPERM, `the runtime directory ${runtimeDirectory} is not yours`, advice);
  }
  const address = userBusAddress(environment, uid);
  const socket = socketFile(address);
  if (socket !== undefined && lookAt(socket) === 'absent') {
    throw new NoUserManager(
      EX_UNAVAILABLE,
      `your systemd has no D-Bus: there is no ${socket}`,
      'install dbus-user-session (or dbus-broker) and log in anew',
    );
  }
  return { address, runtimeDirectory };
}

function lookAt(path: string): { readonly uid: number } | 'absent' | 'forbidden' {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? 'absent';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return 'forbidden';
    throw error;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EROFS') return false;
    throw error;
  }
}
