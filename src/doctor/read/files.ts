import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { hasErrorCode } from '../../store/files.ts';

/** The answers of a file that is not there, is not for this caller, or of something in the kernel that is turned off. */
const UNKNOWABLE = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EOPNOTSUPP', 'EINVAL', 'ENODEV', 'EIO', 'ELOOP'];

/** A small file's text; undefined where it is not there or can't be read. @throws {NodeJS.ErrnoException} the process itself is in trouble: EMFILE ... */
export function readText(path: string): string | undefined {
  return readBytes(path)?.toString('utf8');
}

/** As `readText`, undecoded. */
export function readBytes(path: string): Buffer | undefined {
  return unlessUnknowable(() => readFileSync(path));
}

/** Names of the directories in a directory; none where it is not there or can't be listed. */
export function listDirectories(path: string): readonly string[] {
  const entries = unlessUnknowable(() => readdirSync(path, { withFileTypes: true })) ?? [];
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Whether there is something at the path that this caller can see. */
export function isThere(path: string): boolean {
  return unlessUnknowable(() => statSync(path)) !== undefined;
}

/** Whether there is a directory at the path that this caller can see. */
export function isDirectory(path: string): boolean {
  return unlessUnknowable(() => statSync(path))?.isDirectory() === true;
}

/** Whether this caller may read the file. */
export function isReadable(path: string): boolean {
  return refusalOf(path, constants.R_OK) === undefined;
}

/** Whether this caller may run the program. */
export function isExecutable(path: string): boolean {
  return !isDirectory(path) && refusalOf(path, constants.X_OK) === undefined;
}

/** Why this caller can't write into the directory, by the system error's name; undefined: it can. */
export function writeRefusal(path: string): string | undefined {
  return refusalOf(path, constants.W_OK | constants.X_OK);
}

function refusalOf(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

/** The system error's name. @throws anything that is no system error */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}

function unlessUnknowable<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (UNKNOWABLE.some((code) => hasErrorCode(error, code))) return undefined;
    throw error;
  }
}
