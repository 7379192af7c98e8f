import { lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Says one line of progress to a person. */
export type Report = (line: string) => void;

/** Progress on standard error, which no program reads as a result. */
export const report: Report = (line) => {
  process.stderr.write(`${line}\n`);
};

/** The checkout this file is part of, without a trailing slash. */
export const projectDirectory: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Where images and saved states are kept: outside the tree, shared by all checkouts of this user. */
export function cacheDirectory(): string {
  const { HUBLET_MACHINE_CACHE: own, XDG_CACHE_HOME: xdg } = process.env;
  if (own !== undefined && own !== '') return own;
  return join(xdg !== undefined && xdg !== '' ? xdg : join(homedir(), '.cache'), 'hublet-machine');
}

/**
 * Where running machines have their sockets, logs and records; made when missing.
 *
 * Short, because a socket's path has at most 107 bytes (unix(7)) and ssh adds 17 to it.
 * @throws when someone else owns it: they could swap our sockets.
 */
export function runDirectory(): string {
  const { uid } = userInfo();
  const directory = join(tmpdir().length > 50 ? '/tmp' : tmpdir(), `hublet-machine-${uid}`);
  mkdirSync(directory, { mode: 0o700, recursive: true });
  const stat = lstatSync(directory);
  if (!stat.isDirectory() || stat.uid !== uid)
    throw new Error(`${directory} is not a directory of this user: remove it`);
  return directory;
}
