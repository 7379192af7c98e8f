import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

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
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-qq'], { env });
    await run('apt-get', ['-y', '-qq', ...install], { env });
  } catch (error) {
    throw new Error(`${advice}; that was tried and failed`, { cause: error });
  }
  return path;
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
