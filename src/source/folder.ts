import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, statSync } from 'node:fs';
import { errorCode } from '../store/files.ts';
import type { FileStamp } from './intake.ts';
import { classifyFile, SPEC_SUFFIX } from './names.ts';
import { findDistrust } from './trust.ts';

/** A directory held open: what is read through it is read from this very directory, even where its path leads elsewhere by now. */
export interface Folder {
  readonly path: string;
  /** Device and inode. */
  readonly inode: string;
  readonly mode: number;
  /** Why it can't be trusted, with the command that puts it right; undefined where it can. */
  readonly distrust: string | undefined;
  /** Path of one of its files through the open directory. */
  fileThrough(fileName: string): string;
}

/** Names of servers with their files' stamps; undefined where the file could not be looked at. */
export type Stamps = ReadonlyMap<string, FileStamp | undefined>;

export interface Listing {
  readonly folder: Pick<Folder, 'inode' | 'distrust'>;
  readonly files: Stamps;
  /** Other files, with what to do about them where a person may have meant a spec. */
  readonly ignored: readonly string[];
}

export interface FolderLoss {
  readonly kind: 'lost';
  readonly reason: 'Missing' | 'Unreadable';
  /** The system's error. */
  readonly code: string;
  /** What is the matter with it, without its path. */
  readonly message: string;
}

/** Runs `use` with the directory open, or tells why it can't be opened. What `use` throws is not caught. */
export function useFolder<T>(path: string, ownerUid: number, use: (folder: Folder) => T): T | FolderLoss {
  let handle: number;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK);
  } catch (error) {
    return lossOf(error);
  }
  try {
    const stats = fstatSync(handle, { bigint: true });
    const { uid, mode } = { uid: Number(stats.uid), mode: Number(stats.mode) };
    return use({
      path,
      inode: inodeOf(stats),
      mode,
      distrust: findDistrust({ path, uid, mode }, ownerUid),
      // As openat(2) would have it.
      fileThrough: (fileName) => `/proc/self/fd/${handle}/${fileName}`,
    });
  } finally {
    closeSync(handle);
  }
}

/**
 * Everything in the directory, or why it can't be told: an answer that is not sure to be whole is a loss.
 *
 * @param known stamps of the listing before: what is the same is the same object, and no garbage that grows old
 */
export function listFolder(path: string, ownerUid: number, known?: Stamps): Listing | FolderLoss {
  return useFolder(path, ownerUid, (folder): Listing | FolderLoss => {
    try {
      const fileNames = readdirSync(folder.fileThrough('.')).sort();
      const files = new Map<string, FileStamp | undefined>();
      const ignored: string[] = [];
      for (const fileName of fileNames) {
        const kind = classifyFile(fileName);
        if (kind.kind === 'ignored') ignored.push(kind.hint === undefined ? fileName : `${fileName} (${kind.hint})`);
        else addStamp(files, kind.name, folder, known);
      }
      // A directory that is removed while open lists as empty; that proves nothing.
      const there = statSync(path, { bigint: true });
      if (inodeOf(there) === folder.inode) return { folder, files: isSame(files, known) ? known : files, ignored };
      return { kind: 'lost', reason: 'Missing', code: 'ESTALE', message: 'was replaced while it was listed' };
    } catch (error) {
      return lossOf(error);
    }
  });
}

export function isLost<T extends object>(answer: T | FolderLoss): answer is FolderLoss {
  return 'kind' in answer && answer.kind === 'lost';
}

/** A file's identity and times, from stat with bigint. */
export function stampOf(stats: BigIntStats): FileStamp {
  const inode = inodeOf(stats);
  return { key: `${inode}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`, inode };
}

function addStamp(files: Map<string, FileStamp | undefined>, name: string, folder: Folder, known?: Stamps): void {
  try {
    const stamp = stampOf(lstatSync(folder.fileThrough(name + SPEC_SUFFIX), { bigint: true }));
    const before = known?.get(name);
    files.set(name, before?.key === stamp.key ? before : stamp);
  } catch (error) {
    // Gone since the names were read: absent. Anything else is for the look at the file itself to tell.
    if (errorCode(error) !== 'ENOENT') files.set(name, undefined);
  }
}

function isSame(files: Stamps, known: Stamps | undefined): known is Stamps {
  if (files.size !== known?.size) return false;
  for (const name of files.keys()) if (!known.has(name) || files.get(name) !== known.get(name)) return false;
  return true;
}

function inodeOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

function lossOf(error: unknown): FolderLoss {
  const code = errorCode(error);
  const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
  const what = isMissing ? 'is not there' : 'cannot be listed';
  return {
    kind: 'lost',
    reason: isMissing ? 'Missing' : 'Unreadable',
    code,
    message: `${what} (${code}); servers go on as they are until it is back`,
  };
}
