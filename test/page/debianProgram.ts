import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Somebody else may be installing something at the moment. */
const LOCK_TRIES = 150;
const LOCK_PAUSE_MS = 2_000;

/**
 * The path of a program of a Debian package, which is installed first where it is missing and this is root on Debian.
 *
 * @throws one line that says what to install, where that may not or can't be done here
 */
export async function debianProgram(name: string, packages: readonly string[] = [name]): Promise<string> {
  const path = `/usr/bin/${name}`;
  if (isThere(path)) return path;
  const install = ['install', '--no-install-recommends', ...packages];
  const advice = `the page's tests and pictures need Debian's ${name}; install with: sudo apt-get ${install.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) throw new Error(advice);
  try {
    await aptGet(['update', '-qq']);
    await aptGet(['-y', '-qq', ...install]);
  } catch (error) {
    throw new Error(`${advice}; that was tried and failed`, { cause: error });
  }
  return path;
}

async function aptGet(args: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run('apt-get', args, { env });
      return;
    } catch (error) {
      const isLocked = /Could not get lock|Unable to lock/.test((error as { stderr?: string }).stderr ?? '');
      if (!isLocked || attempt === LOCK_TRIES) throw error;
      await sleep(LOCK_PAUSE_MS);
    }
  }
}

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
