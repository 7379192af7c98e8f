import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from './places.ts';

/** The programs that the machine needs on this computer, and Debian's package of each. */
const packageOf: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  flock: 'util-linux',
  setpriv: 'util-linux',
  tar: 'tar',
  gzip: 'gzip',
};

/** An administrator's directories are searched too: a plain user's PATH lacks them. */
const searchPath = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].filter(
  (directory) => directory !== '',
);

function isThere(program: string): boolean {
  return searchPath.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch (err) {
      if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((err as NodeJS.ErrnoException).code ?? '')) return false;
      throw err;
    }
  });
}

/** Debian packages that are still missing here, without repeats; empty when all is there. */
export function missingPackages(): readonly string[] {
  const missing = Object.keys(packageOf).filter((program) => !isThere(program));
  return [...new Set(missing.map((program) => packageOf[program] as string))];
}

/**
 * Makes sure that the programs of the machine are there: installs them where this is root on Debian.
 * @throws one line with the missing packages and the command that installs them, where it may not or cannot.
 */
export async function ensureTools(report: Report): Promise<void> {
  if (process.arch !== 'x64')
    throw new Error(`the test machine is an x86-64 one and starts on x86-64 only, not on ${process.arch}`);
  const missing = missingPackages();
  if (missing.length === 0) return;
  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    throw new Error(`the test machine needs Debian's ${missing.join(', ')}; install with: sudo ${command}`);
  }
  report(`installing ${missing.join(' ')} ...`);
  await runTool('apt-get', ['update', '-qq']);
  await runTool('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing]);
  const still = missingPackages();
  if (still.length > 0)
    throw new Error(`${command} succeeded, but programs of ${still.join(', ')} are not on the PATH`);
}

/** How much of a failed program's output its error tells. */
const TOLD_BYTES = 4_000;

/** Runs a program to its end; its output is told only when it fails. @throws with the end of it when its exit code is not 0. */
export async function runTool(program: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, PATH: searchPath.join(':'), DEBIAN_FRONTEND: 'noninteractive' };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-TOLD_BYTES);
    });
  }
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code ?? signal}\n${said.trim()}`);
}

/** First line of what `qemu --version` prints: a saved state belongs to the very version that wrote it. */
export async function qemuVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)('qemu-system-x86_64', ['--version']);
  return stdout.split('\n')[0] ?? '';
}
