import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { hasErrorCode, readFileIfPresent } from './files.ts';

/** Exit code of a controller that finds another one running (EX_TEMPFAIL of sysexits.h). */
const ALREADY_RUNNING = 75;

/** The lock of one controller per manager, held until the process ends, however it ends. */
export interface ControllerLock {
  readonly path: string;
  /** False once the path no longer leads to the locked file (somebody removed it): another controller could start then. */
  isIntact(): boolean;
  /** For tests and a clean stop; the end of the process does the same. Safe to call twice. */
  release(): void;
}

/** Another controller is running. */
export class LockHeld extends Error {
  readonly path: string;
  /** Undefined where the holder has not written it (yet). */
  readonly holderPid: number | undefined;
  readonly exitCode = ALREADY_RUNNING;

  constructor(path: string, holderPid: number | undefined) {
    const holder = holderPid === undefined ? 'another process' : `process ${holderPid}`;
    super(
      `hublet is already running here: ${holder} holds ${path}. Stop it first, or give this one its own directories`,
    );
    this.name = 'LockHeld';
    this.path = path;
    this.holderPid = holderPid;
  }
}

/**
 * Takes the lock, or fails at once; returns with it held.
 *
 * The file is opened here (close-on-exec, so no child keeps it) and locked by `flock` on that very descriptor: the lock
 * belongs to the open file, not to the process that asked, so it stays with us and goes with us. Under `flock --no-fork`
 * around the controller the lock is there already and is taken over.
 * @throws {LockHeld} another controller has it
 * @throws {Error} where the file cannot be opened or there is no `flock`
 * @see flock(2), flock(1), docs/adr/0003-lock.md
 */
export function takeLock(path: string): ControllerLock {
  mkdirSync(dirname(path), { recursive: true });
  for (let tries = 0; tries < 3; tries += 1) {
    const file = inheritedLock(path) ?? openLocked(path);
    // The path may have been unlinked and made anew between open and lock.
    if (isSameFile(file, path)) return heldLock(path, file);
    closeSync(file);
  }
  throw new Error(`${path} is being replaced again and again by somebody: no lock can be kept there`);
}

function openLocked(path: string): number {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  const flock = spawnSync('flock', ['--nonblock', '--conflict-exit-code', `${ALREADY_RUNNING}`, '3'], {
    stdio: ['ignore', 'ignore', 'pipe', file],
    encoding: 'utf8',
  });
  if (flock.status === 0) return file;
  closeSync(file);
  if (flock.status === ALREADY_RUNNING) throw new LockHeld(path, readHolder(path));
  if (hasErrorCode(flock.error, 'ENOENT')) throw new Error('flock is not on PATH: install util-linux');
  const why = flock.error?.message ?? (flock.stderr.trim() || `flock ended with ${flock.status ?? flock.signal}`);
  throw new Error(`${path} could not be locked: ${why}`);
}

/** The descriptor of a lock on that path with which we were started; undefined where there is none. */
function inheritedLock(path: string): number | undefined {
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (!isSameFile(Number(name), path)) continue;
      // proc(5): "lock: 1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF" stands there for locks of this open file only.
      if (/^lock:.*\bFLOCK\b.*\bWRITE\b/m.test(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8'))) return Number(name);
    } catch (error) {
      // The descriptor of the listing itself is closed by now.
      if (!hasErrorCode(error, 'EBADF') && !hasErrorCode(error, 'ENOENT')) throw error;
    }
  }
  return undefined;
}

function heldLock(path: string, file: number): ControllerLock {
  let isReleased = false;
  // Whoever can open the file can lock it; `flock` around the controller makes it with the umask, and opens it for reading only.
  fchmodSync(file, 0o600);
  writeFileSync(path, `${process.pid}\n`);
  return {
    path,
    isIntact: () => !isReleased && isSameFile(file, path),
    release() {
      if (isReleased) return;
      isReleased = true;
      closeSync(file);
    },
  };
}

function isSameFile(file: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const ours = fstatSync(file);
  return there !== undefined && there.ino === ours.ino && there.dev === ours.dev;
}

function readHolder(path: string): number | undefined {
  const pid = Number(readFileIfPresent(path)?.trim());
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}
