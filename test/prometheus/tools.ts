// Debian's Prometheus for tests: where this computer has none, its packages are unpacked beside the test machine's images. They
// are not installed, so none of their services is ever set up or started.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../machine/places.ts';

const run = promisify(execFile);

/** Paths of the two programs. @throws one line with what to install, where they can't be had */
export async function ensurePrometheus(): Promise<{ readonly prometheus: string; readonly promtool: string }> {
  const directory = await ensurePackage('prometheus', ['prometheus', 'promtool']);
  return { prometheus: join(directory, 'prometheus'), promtool: join(directory, 'promtool') };
}

/** Path of the exporter that others are measured by. @throws as `ensurePrometheus` */
export async function ensureNodeExporter(): Promise<string> {
  const name = 'prometheus-node-exporter';
  return join(await ensurePackage(name, [name]), name);
}

/** The directory that has these programs of a Debian package, fetched first where they are missing. */
async function ensurePackage(name: string, programs: readonly string[]): Promise<string> {
  const unpacked = join(cacheDirectory(), name);
  const directories = [...(process.env.PATH ?? '').split(':'), join(unpacked, 'usr/bin')];
  const found = () =>
    directories.find((directory) => directory !== '' && programs.every((program) => isThere(join(directory, program))));
  if (found() === undefined) await unpack(name, unpacked);
  const directory = found();
  if (directory === undefined)
    throw new Error(`no ${programs.join(' and ')} in ${unpacked}/usr/bin: remove ${unpacked}`);
  return directory;
}

function isThere(program: string): boolean {
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch (err) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((err as NodeJS.ErrnoException).code ?? '')) return false;
    throw err;
  }
}

/** Whoever is done first puts it in place; another one that unpacked it at the same time throws its own away. */
async function unpack(name: string, directory: string): Promise<void> {
  if (!existsSync('/etc/debian_version')) throw missing(name);
  const aside = `${directory}.${randomBytes(4).toString('hex')}`;
  mkdirSync(aside, { recursive: true });
  try {
    await download(name, aside);
    const archive = readdirSync(aside).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw missing(name, 'apt-get download brought no package');
    await run('dpkg-deb', ['-x', join(aside, archive), aside]);
    rmSync(join(aside, archive));
    if (!existsSync(directory)) renameSync(aside, directory);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

async function download(name: string, directory: string): Promise<void> {
  try {
    await run('apt-get', ['download', '-qq', name], { cwd: directory });
  } catch (first) {
    // Package lists that are missing or old; only root may renew them.
    if (process.getuid?.() !== 0) throw missing(name, first);
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['download', '-qq', name], { cwd: directory });
  }
}

function missing(name: string, cause?: unknown): Error {
  const command = `apt-get install --no-install-recommends ${name}`;
  return new Error(`this needs the programs of Debian's package ${name}; install with: sudo ${command}`, { cause });
}
