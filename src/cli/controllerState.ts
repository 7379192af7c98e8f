import { readFileSync, statSync } from 'node:fs';
import type { Config } from '../config/types.ts';
import { readHostStatus } from '../status/statusFile.ts';
import type { HostStatus } from '../status/types.ts';
import type { Context } from './context.ts';
import { errorCode } from './errors.ts';

/** Whether a controller keeps the status files up to date now. */
export interface ControllerState {
  readonly isRunning: boolean;
  /** What it, or the last one of this boot, said of itself. */
  readonly host: HostStatus | undefined;
}

/** A controller writes its first status this long after its process began, at the most; the wall clock may be set meanwhile. */
const START_TOLERANCE_MS = 5_000;

/** `getconf CLK_TCK`, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * Looks whether the lock is held or, where that can't be seen, whether the process of status.json is alive.
 *
 * It never tries to take the lock: a controller that starts at that moment would find it taken.
 */
export function readControllerState(config: Config): ControllerState {
  const host = readHostStatus(config.runtimeDirectory);
  return { isRunning: isLockHeld(config.lockPath) || (host !== undefined && isAlive(host)), host };
}

/** Says so on standard error where no controller runs, because what the files tell is then old. */
export function warnWhenStopped(context: Context, config: Config, state: ControllerState): void {
  if (state.isRunning) return;
  const since = state.host === undefined ? 'has not run since the host started' : 'is not running';
  const start = config.isUserMode ? 'systemctl --user start hublet' : 'systemctl start hublet';
  context.warn(
    `the controller ${since}, so this is what its files say: start it with '${start}'${config.isUserMode ? " or 'hublet run'" : ''}`,
  );
}

/**
 * Whether some process holds the kernel's lock on this file, as far as /proc/locks shows it.
 *
 * False also where that can't be seen: in some containers, and on overlay and btrfs, whose device is not stat's there.
 * @see proc_locks(5), makedev(3)
 */
function isLockHeld(path: string): boolean {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return false;
  const major = (stat.dev >> 8n) & 0xfffn;
  const minor = (stat.dev & 0xffn) | ((stat.dev >> 12n) & 0xfff00n);
  const file = [major, minor].map((number) => number.toString(16).padStart(2, '0')).join(':');
  const held = new RegExp(`FLOCK .* ${file}:${stat.ino} `);
  return (readProc('/proc/locks') ?? '').split('\n').some((line) => held.test(line));
}

/** A process of that number which did not begin after the status was written: numbers are used again. */
function isAlive({ pid, startedAt }: HostStatus): boolean {
  const stat = readProc(`/proc/${pid}/stat`);
  const uptime = readProc('/proc/uptime');
  if (stat === undefined || uptime === undefined) return false;
  // proc_pid_stat(5): the name in parentheses may hold blanks; starttime is the 22nd field of all.
  const startTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  const ageMs = (Number.parseFloat(uptime) - startTicks / TICKS_PER_SECOND) * 1000;
  return Date.now() - ageMs <= Date.parse(startedAt) + START_TOLERANCE_MS;
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // No such process, or it ended while its file was read.
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return undefined;
    throw error;
  }
}
