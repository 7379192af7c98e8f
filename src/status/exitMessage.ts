import { constants } from 'node:os';
import { formatSize } from '../spec/quantities.ts';
import type { LastExit } from './types.ts';

/** What is known of the server besides its end; a known value makes the sentence more exact. */
export interface ExitDetails {
  readonly memoryLimitBytes?: number | undefined;
  readonly workingDirectory?: string | undefined;
  readonly user?: string | undefined;
  /** The programs of its commands, where all of these are looked for on `path`. */
  readonly bareNames?: readonly string[] | undefined;
  /** Directories with colons between. */
  readonly path?: string | undefined;
}

/** systemd's names of its own exit codes and what each means to whoever wrote the spec. @see systemd.exec(5), "Process Exit Codes" */
export const EXIT_STATUS: Readonly<Record<number, readonly [name: string, cause: string]>> = {
  200: ['CHDIR', 'the working directory could not be entered: is it there, and may the account enter it?'],
  201: ['NICE', 'the scheduling priority could not be set'],
  202: ['FDS', 'file descriptors could not be prepared'],
  203: ['EXEC', 'command not found or not executable'],
  204: ['MEMORY', 'no memory was left to start it'],
  205: ['LIMITS', 'a resource limit could not be set'],
  206: ['OOM_ADJUST', 'the OOM score could not be set'],
  207: ['SIGNAL_MASK', 'the signal mask could not be set'],
  208: ['STDIN', 'standard input could not be set up'],
  209: ['STDOUT', 'standard output could not be set up'],
  210: ['CHROOT', 'the root directory could not be changed'],
  211: ['IOPRIO', 'the I/O priority could not be set'],
  212: ['TIMERSLACK', 'the timer slack could not be set'],
  213: ['SECUREBITS', 'the secure bits could not be set'],
  214: ['SETSCHEDULER', 'the CPU scheduler could not be set'],
  215: ['CPUAFFINITY', 'the CPU affinity could not be set'],
  216: ['GROUP', 'the group does not exist or its groups could not be taken'],
  217: ['USER', 'the account does not exist or its rights could not be taken'],
  218: ['CAPABILITIES', 'its capabilities could not be set'],
  219: ['CGROUP', 'its cgroup could not be set up'],
  220: ['SETSID', 'no new session could be made'],
  221: ['CONFIRM', 'its start was refused at the console'],
  222: ['STDERR', 'standard error could not be set up'],
  224: ['PAM', 'no PAM session could be opened'],
  225: ['NETWORK', 'its network namespace could not be set up'],
  226: ['NAMESPACE', 'its view of the file system could not be set up: do all paths in sandbox exist?'],
  227: ['NO_NEW_PRIVILEGES', 'noNewPrivileges could not be set'],
  228: ['SECCOMP', 'the system call filter could not be set'],
  229: ['SELINUX_CONTEXT', 'the SELinux context could not be set'],
  230: ['PERSONALITY', 'the execution domain could not be set'],
  231: ['APPARMOR', 'the AppArmor profile could not be set'],
  232: ['ADDRESS_FAMILIES', 'the network address families could not be restricted'],
  233: ['RUNTIME_DIRECTORY', 'its runtime directory could not be made'],
  235: ['CHOWN', 'a socket could not be given to its owner'],
  236: ['SMACK_PROCESS_LABEL', 'the SMACK label could not be set'],
  237: ['KEYRING', 'the kernel keyring could not be set up'],
  238: ['STATE_DIRECTORY', 'its state directory could not be made'],
  239: ['CACHE_DIRECTORY', 'its cache directory could not be made'],
  240: ['LOGS_DIRECTORY', 'its logs directory could not be made'],
  241: ['CONFIGURATION_DIRECTORY', 'its configuration directory could not be made'],
  242: ['NUMA_POLICY', 'the NUMA policy could not be set'],
  243: ['CREDENTIALS', 'its credentials could not be loaded'],
};

/** The shell's codes that people run into; a program may give them another meaning, hence "usually". */
const SHELL_STATUS: Readonly<Record<number, string>> = {
  126: 'usually a command that is not executable',
  127: 'usually a command that was not found',
};

const SIGNAL_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals)
    // Old names of the same signals.
    .filter(([name]) => !['SIGIOT', 'SIGPOLL', 'SIGUNUSED'].includes(name))
    .map(([name, number]) => [number, name]),
);

/** Whether systemd itself could not execute the command as configured (exit codes 200 to 243), so that trying again soon is useless. */
export function isConfigurationExit(status: number): boolean {
  return status >= 200 && status <= 243;
}

/** The signal as `9/SIGKILL`; the number alone where it has no name (real-time signals). */
export function signalName(signal: number): string {
  const name = SIGNAL_NAMES.get(signal);
  return name === undefined ? String(signal) : `${signal}/${name}`;
}

/** How a run ended, as a person would say it: lower case, no full stop, no argument in it. */
export function exitMessage(exit: Pick<LastExit, 'result' | 'code' | 'status'>, details: ExitDetails = {}): string {
  switch (exit.result) {
    case 'oom-kill':
      return details.memoryLimitBytes === undefined
        ? 'out of memory: killed by the kernel, though no limit of its own is set'
        : `out of memory (limit ${formatSize(details.memoryLimitBytes)})`;
    case 'timeout':
      return `did not start or stop within its time, so systemd ended it${suffix(exit)}`;
    case 'watchdog':
      return `stopped answering its watchdog, so systemd ended it${suffix(exit)}`;
    case 'resources':
      return 'systemd could not set it up: a file, directory or kernel resource it needs was missing (its journal says which)';
    case 'dependency':
      return 'systemd could not start it, because its slice or something else it needs failed';
    case 'protocol':
      return `ended before it was ready${suffix(exit)}`;
    case 'start-limit-hit':
      return 'was started too often in too short a time';
    default:
      return endOfProcess(exit, details);
  }
}

function endOfProcess(
  { result, code, status }: Pick<LastExit, 'result' | 'code' | 'status'>,
  details: ExitDetails,
): string {
  switch (code) {
    case 'exited':
      return status === 0 && result === 'success' ? 'ended by itself (exit code 0)' : exitCode(status, details);
    case 'killed':
      return `ended by signal ${signalName(status)}`;
    case 'dumped':
      return `crashed with signal ${signalName(status)} (core dumped)`;
    case 'none':
      return result === 'success' ? 'ended' : `ended (systemd says: ${result})`;
  }
}

function exitCode(status: number, details: ExitDetails): string {
  const known = EXIT_STATUS[status];
  if (known !== undefined) return `exit code ${status}/${known[0]}: ${causeOf(status, known[1], details)}`;
  const guess = SHELL_STATUS[status];
  return guess === undefined ? `exit code ${status}` : `exit code ${status}, ${guess}`;
}

function causeOf(status: number, cause: string, details: ExitDetails): string {
  const { workingDirectory, user, bareNames = [], path } = details;
  if (status === 200 && workingDirectory !== undefined) {
    return `working directory ${workingDirectory} could not be entered: is it there, and may the account enter it?`;
  }
  if (status === 217 && user !== undefined) return `account ${user} does not exist or its rights could not be taken`;
  if (status === 203 && bareNames.length > 0 && path !== undefined) {
    return `${bareNames.join(' or ')} not found on PATH ${path}, or not executable`;
  }
  return cause;
}

/** How the process went, after a sentence that says why. */
function suffix({ code, status }: Pick<LastExit, 'code' | 'status'>): string {
  if (code === 'none') return '';
  return code === 'exited' ? ` (exit code ${status})` : ` (signal ${signalName(status)})`;
}
