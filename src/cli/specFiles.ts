import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../config/types.ts';
import type { FileIdentity } from '../source/types.ts';
import { serverNameProblem } from '../spec/names.ts';
import { CliError, EXIT, errorCode } from './errors.ts';

/** The files in the desired-state directories, as a person's editor would see and change them. */

const SUFFIX = '.yaml';
const LARGEST_SPEC_BYTES = 64 * 1024;

/** Not readable by everyone: a spec may hold an environment. */
const NEW_FILE_MODE = 0o640;

export interface SpecFile {
  readonly name: string;
  readonly path: string;
}

/** Spec files of one directory, by name; temporary and foreign files are left out. @throws a system error, also where it does not exist */
export function listDirectory(path: string): SpecFile[] {
  return readdirSync(path)
    .filter((file) => file.endsWith(SUFFIX) && serverNameProblem(file.slice(0, -SUFFIX.length)) === undefined)
    .sort()
    .map((file) => ({ name: file.slice(0, -SUFFIX.length), path: join(path, file) }));
}

/** Spec files of all sources; of files with the same name the first source's. Directories that are missing are named apart. */
export function listSpecFiles(config: Config): {
  readonly files: readonly SpecFile[];
  readonly missing: readonly string[];
} {
  const files = new Map<string, SpecFile>();
  const missing: string[] = [];
  for (const source of config.sources) {
    try {
      for (const file of listDirectory(resolve(source.path))) {
        if (!files.has(file.name)) files.set(file.name, file);
      }
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      missing.push(source.path);
    }
  }
  return { files: [...files.values()], missing };
}

/** A server's file in the first source that has one; undefined where none has. @throws {CliError} usage, for a text that is no name */
export function findSpecFile(config: Config, name: string): SpecFile | undefined {
  requireName(name);
  for (const source of config.sources) {
    const path = join(resolve(source.path), name + SUFFIX);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return { name, path };
  }
  return undefined;
}

/** Where a new server's file goes: the first source. @throws {CliError} where that directory does not exist */
export function newSpecPath(config: Config, name: string): string {
  const directory = config.sources[0]?.path;
  if (directory === undefined) throw new CliError(EXIT.badConfiguration, 'the configuration has no sources: add one');
  if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) {
    throw new CliError(
      EXIT.badConfiguration,
      `${directory}: no such directory: make it (mkdir -p ${directory}) or name another with --desired-state`,
    );
  }
  return join(resolve(directory), name + SUFFIX);
}

/** @throws {CliError} usage, where the text can't be a server's name */
export function requireName(name: string): void {
  const problem = serverNameProblem(name);
  if (problem !== undefined) throw new CliError(EXIT.usage, `'${name}' is not a server's name: it ${problem}`);
}

/** Which content a file has now; undefined where there is no file. */
export function fileIdentity(path: string): FileIdentity | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return { path, ino: Number(stat.ino), size: Number(stat.size), mtimeNs: String(stat.mtimeNs) };
}

/**
 * A spec's text, read as the controller reads it: no link followed, nothing but a regular file, 64 KiB at most.
 *
 * @throws {CliError} where it is none of that, or no UTF-8; a system error where it can't be opened
 */
export function readSpecText(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) !== 'ELOOP') throw error;
    throw new CliError(EXIT.invalid, `${path}: is a symbolic link: put the file itself there`);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new CliError(EXIT.invalid, `${path}: is not a regular file`);
    if (stat.size > LARGEST_SPEC_BYTES) {
      throw new CliError(EXIT.invalid, `${path}: is larger than ${LARGEST_SPEC_BYTES / 1024} KiB: make it smaller`);
    }
    return decodeSpec(path, readFileSync(fd));
  } finally {
    closeSync(fd);
  }
}

/** Bytes as text. @throws {CliError} invalid, where they are no UTF-8 */
export function decodeSpec(label: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CliError(EXIT.invalid, `${label}: is not UTF-8: save it as UTF-8`, { cause: error });
  }
}

/**
 * Replaces a spec file in one step: whoever reads it sees the old text or the new one, also after a power failure.
 *
 * The temporary file begins with a dot and has another ending, so no source takes it. An existing file's mode and owner
 * are kept; a new one has 0640.
 */
export function writeSpecText(path: string, text: string): void {
  // So that an error names the directory and not the temporary file.
  accessSync(dirname(path), constants.W_OK);
  const old = lstatSync(path, { throwIfNoEntry: false });
  const temporary = join(dirname(path), `.hublet-${randomBytes(8).toString('hex')}.tmp`);
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    try {
      writeFileSync(fd, text);
      const own = fstatSync(fd);
      if (old?.isFile() === true && (old.uid !== own.uid || old.gid !== own.gid)) fchownSync(fd, old.uid, old.gid);
      fchmodSync(fd, old?.isFile() === true ? old.mode & 0o777 : NEW_FILE_MODE);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  syncDirectory(dirname(path));
}

/** What editors call the copy of a file as it was: no source takes it for a spec. */
export function backupPath(path: string): string {
  return `${path}~`;
}

/**
 * Keeps what lies at `path`, whatever it is, under the name that editors give such copies; an older copy goes. What lies at `path`
 * stays there too until it is replaced.
 *
 * @throws a system error
 */
export function keepBackup(path: string): void {
  const aside = join(dirname(path), `.hublet-${randomBytes(8).toString('hex')}.tmp`);
  // Another name of the same file: nothing is read, so it may be of any size and no text at all.
  linkSync(path, aside);
  try {
    renameSync(aside, backupPath(path));
  } finally {
    // A rename onto another name of the same file does nothing.
    rmSync(aside, { force: true });
  }
}

/** Removes a spec file, for good even if the power fails. @throws a system error, ENOENT too */
export function removeSpecFile(path: string): void {
  unlinkSync(path);
  syncDirectory(dirname(path));
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
