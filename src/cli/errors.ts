/** How the command line says that something went wrong: one line for a person, and an exit code for a script. */

/** Exit codes of every verb; the numbers are part of the contract. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  invalid: 3,
  notFound: 4,
  tooLate: 5,
  refused: 6,
  denied: 7,
  unreachable: 8,
  /** sysexits' EX_UNAVAILABLE. */
  noBus: 69,
  /** sysexits' EX_TEMPFAIL. */
  alreadyRunning: 75,
  /** sysexits' EX_NOPERM. */
  noPermission: 77,
  /** sysexits' EX_CONFIG. */
  badConfiguration: 78,
} as const;

/** What each exit code means, for the help text and the reference. */
export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'failed',
  2: 'wrong usage',
  3: 'invalid spec',
  4: 'not found',
  5: 'too late: the time ran out',
  6: 'refused in the present state',
  7: 'denied by a policy',
  8: 'controller not reachable',
  69: 'no D-Bus',
  75: 'already running',
  77: 'no permission',
  78: 'bad configuration',
};

/** An error that is the user's to see: its message says what is wrong and what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/**
 * What to print and to exit with for anything that was thrown; the message has no `hublet: ` before it.
 *
 * An error that knows its exit code (ours, and the lock's) has a message for people.
 */
export function judgeError(error: unknown): { readonly message: string; readonly exitCode: number } {
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number') {
    return { message: error.message, exitCode: error.exitCode };
  }
  const systemError = asSystemError(error);
  if (systemError === undefined) {
    return { message: `${messageOf(error)} (HUBLET_DEBUG=1 shows where)`, exitCode: EXIT.failure };
  }
  const what = systemError.path ?? systemError.syscall ?? 'a system call';
  switch (systemError.code) {
    case 'EACCES':
    case 'EPERM':
      return { message: `${what}: permission denied: ${permissionAdvice()}`, exitCode: EXIT.noPermission };
    case 'EROFS':
      return { message: `${what}: the file system is read-only: remount it writable`, exitCode: EXIT.failure };
    case 'ENOSPC':
    case 'EDQUOT':
      return { message: `${what}: no space left: free some and try again`, exitCode: EXIT.failure };
    case 'EMFILE':
    case 'ENFILE':
      return { message: `${what}: too many open files: raise the limit (ulimit -n)`, exitCode: EXIT.failure };
    case 'ENOENT':
      return { message: `${what}: no such file or directory`, exitCode: EXIT.failure };
    default:
      return { message: `${what}: ${systemError.message}`, exitCode: EXIT.failure };
  }
}

/** The code of a system error such as `ENOENT`; undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  return asSystemError(error)?.code;
}

function asSystemError(error: unknown): NodeJS.ErrnoException | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && typeof syscall === 'string' ? error : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function permissionAdvice(): string {
  return process.geteuid?.() === 0
    ? 'root itself is refused, look at the mount and at the security module'
    : 'run it as root; status alone may be read by members of the group hublet too';
}
