/** Files that are replaced whole or not at all; everything the controller keeps goes through here. */

import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export interface WriteOptions {
  /** Permission bits of the file, whatever the umask is. */
  readonly mode: number;
  /** True: on disk, name included, before it returns. False: whole after a crash of the process, but not after a power cut. */
  readonly isSynced?: boolean;
  /** Group of the file; absent: that of the process, or of the directory where it is setgid. */
  readonly gid?: number | undefined;
}

const TEMPORARY = /^\..+\.[0-9]+-[0-9]+\.tmp$/;
let writes = 0;

/**
 * Replaces a file's content: readers see the old text or the new one, never a part.
 *
 * The temporary file lies beside it and is taken away again where anything fails.
 * @throws {NodeJS.ErrnoException} as the file system says: ENOSPC, EROFS, EDQUOT ...; the old file is untouched then
 * @see rename(2), fsync(2)
 */
export function writeFileAtomic(path: string, text: string, options: WriteOptions): void {
  writes += 1;
  const nameAt = path.lastIndexOf('/') + 1;
  const temporary = `${path.slice(0, nameAt)}.${path.slice(nameAt)}.${process.pid}-${writes}.tmp`;
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
  const file = openSync(temporary, flags, 0o600);
  try {
    try {
      const bytes = Buffer.from(text, 'utf8');
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      if (options.gid !== undefined) fchownSync(file, -1, options.gid);
      fchmodSync(file, options.mode);
      if (options.isSynced === true) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    removeFile(temporary);
    throw error;
  }
  if (options.isSynced === true) syncPath(dirname(path));
}

/** Forces a file, or the names in a directory, to disk. @throws {NodeJS.ErrnoException} EIO, ENOENT ... */
export function syncPath(path: string): void {
  const handle = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A small text file whole; undefined where there is none. @throws {NodeJS.ErrnoException} for any other failure */
export function readFileIfPresent(path: string): string | undefined {
  // An exception costs many times what this look does, and most servers have no such file yet.
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Removes a file; one that is gone already is fine. @throws {NodeJS.ErrnoException} for any other failure */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT')) throw error;
  }
}

/**
 * Makes a directory that only its owner may enter, and takes others' rights away from one that exists.
 *
 * Temporary files of a write that a crash cut short are removed from it.
 * @throws {NodeJS.ErrnoException} where it cannot be made or is somebody else's
 */
export function openPrivateDirectory(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700);
  for (const name of readdirSync(path)) {
    if (TEMPORARY.test(name)) removeFile(join(path, name));
  }
}

/** True for a system error of that name, such as `ENOENT`. */
export function hasErrorCode(error: unknown, code: string): boolean {
  return errorCode(error) === code;
}

/** The system error's name (`ENOSPC`), or the error's text where it has none. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return String(error);
}
