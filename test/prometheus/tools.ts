// Debian's Prometheus for tests: where this computer has none, its package is unpacked beside the test machine's images. It is
// not installed, so none of its services is ever set up or started.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../machine/places.ts';

const run = promisify(execFile);

/** Paths of the two programs. */
export interface PrometheusTools {
  readonly prometheus: string;
  readonly promtool: string;
}

/** The programs, fetched first where they are missing. @throws one line with what to install, where they can't be had */
export async function ensurePrometheus(): Promise<PrometheusTools> {
  const unpacked = join(cacheDirectory(), 'prometheus');
  const directories = [...(process.env.PATH ?? '').split(':'), join(unpacked, 'usr/bin')];
  const found = () => directories.find((directory) => directory !== '' && hasBoth(directory));
  if (found() === undefined) await unpack(unpacked);
  const directory = found();
  if (directory === undefined)
    throw new Error(`no promtool and no prometheus in ${unpacked}/usr/bin: remove ${unpacked}`);
  return { prometheus: join(directory, 'prometheus'), promtool: join(directory, 'promtool') };
}

function hasBoth(directory: string): boolean {
  return ['prometheus', 'promtool'].every((program) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch (err) {
      if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((err as NodeJS.ErrnoException).code ?? '')) return false;
      throw err;
    }
  });
}

/** Whoever is done first puts it in place; another one that unpacked it at the same time throws its own away. */
async function unpack(directory: string): Promise<void> {
  if (!existsSync('/etc/debian_version')) throw missing();
  const aside = `${directory}.${randomBytes(4).toString('hex')}`;
  mkdirSync(aside, { recursive: true });
  try {
    await download(aside);
    const archive = readdirSync(aside).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw missing('apt-get download brought no package');
    await run('dpkg-deb', ['-x', join(aside, archive), aside]);
    rmSync(join(aside, archive));
    if (!existsSync(directory)) renameSync(aside, directory);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

async function download(directory: string): Promise<void> {
  try {
    await run('apt-get', ['download', '-qq', 'prometheus'], { cwd: directory });
  } catch (first) {
    // Package lists that are missing or old; only root may renew them.
    if (process.getuid?.() !== 0) throw missing(first);
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['download', '-qq', 'prometheus'], { cwd: directory });
  }
}

function missing(cause?: unknown): Error {
  return new Error(
    "the tests of rules need promtool and prometheus of Debian's package prometheus; install with: sudo apt-get install --no-install-recommends prometheus",
    { cause },
  );
}
