/**
 * The status directory: what hublet tells the world about each server, as files that `cat` and `jq` can read.
 * It writes what it is given and decides nothing; conditions and phases are made in reconciler/.
 */
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Log } from '../log.ts';
import { sha256Hex } from '../store/digest.ts';
import { removeFile, writeFileAtomic } from '../store/files.ts';
import type { StatusFiles } from './port.ts';
import { hostStatusPath, readServerStatus, statusDirectory, statusNames, statusPath } from './statusFile.ts';

export interface StatusFilesOptions {
  readonly runtimeDirectory: string;
  /** The group that may read status (`hublet`); undefined where the host has none: then only the owner may. */
  readonly gid: number | undefined;
  readonly log: Log;
}

const DIRECTORY_MODE = 0o750;
const FILE_MODE = 0o640;

/**
 * Opens the status directory, making it where it is missing.
 *
 * Files are written without sync: they lie in the runtime directory, which does not outlive the boot.
 * @throws {NodeJS.ErrnoException} where the directory can't be made
 */
export function createStatusFiles({ runtimeDirectory, gid, log }: StatusFilesOptions): StatusFiles {
  openStatusDirectory(statusDirectory(runtimeDirectory), gid);
  /** Digest of what each file holds, by path: most looks at a server change nothing, and the texts of a thousand would be megabytes. */
  const written = new Map<string, string>();

  const replace = (path: string, status: object): void => {
    const text = `${JSON.stringify(status, null, 2)}\n`;
    // A file that somebody removed comes back at the next look, changed or not.
    const digest = sha256Hex(text);
    if (written.get(path) === digest && existsSync(path)) return;
    writeFileAtomic(path, text, { mode: FILE_MODE, gid });
    written.set(path, digest);
  };

  return {
    write: (status) => replace(statusPath(runtimeDirectory, status.metadata.name), status),
    writeHost: (status) => replace(hostStatusPath(runtimeDirectory), status),
    remove(name) {
      const path = statusPath(runtimeDirectory, name);
      removeFile(path);
      written.delete(path);
    },
    names: () => statusNames(runtimeDirectory),
    read(name) {
      try {
        return readServerStatus(runtimeDirectory, name);
      } catch (err) {
        log.warn({ server: name, err }, 'status file of an earlier controller not readable');
        return undefined;
      }
    },
  };
}

/** Parents are made for all to enter (0755, as systemd's RuntimeDirectory= does): each directory below guards itself. */
function openStatusDirectory(path: string, gid: number | undefined): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
  if (gid !== undefined && statSync(path).gid !== gid) chownSync(path, -1, gid);
  if ((statSync(path).mode & 0o7777) !== DIRECTORY_MODE) chmodSync(path, DIRECTORY_MODE);
  // Left by a controller that was killed between writing and renaming. No server's name begins with a dot.
  for (const file of readdirSync(path)) {
    if (file.startsWith('.') && file.endsWith('.tmp')) removeFile(join(path, file));
  }
}
