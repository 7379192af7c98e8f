import { readdirSync } from 'node:fs';
import { hasErrorCode, readFileIfPresent } from './files.ts';
import {
  deletedPath,
  parseDeletedMs,
  parseRevision,
  REVISIONS_KEPT,
  type Revision,
  readRevisionFileName,
  revisionKey,
  revisionPath,
  revisionsDirectory,
} from './revisionFile.ts';

/** What is kept of one server. */
export interface KeptRevisions {
  /** The newest five, oldest first. */
  readonly revisions: readonly Revision[];
  /** Numbers of those that are damaged. */
  readonly damaged: readonly number[];
  /** Wall time at which the server was deleted; undefined: it was not. */
  readonly deletedMs: number | undefined;
}

/**
 * The revisions of a server, for who only looks: nothing is made, mended or written.
 *
 * @throws {NodeJS.ErrnoException} EACCES where only another account may read them
 */
export function readRevisions(stateDirectory: string, name: string): KeptRevisions {
  const directory = revisionsDirectory(stateDirectory);
  const key = revisionKey(name);
  const revisions: Revision[] = [];
  const damaged: number[] = [];
  // A controller that was killed may have left one more.
  for (const generation of generationsOf(directory, key).slice(-REVISIONS_KEPT)) {
    const text = readFileIfPresent(revisionPath(directory, key, generation));
    // Pruned since the directory was listed.
    if (text === undefined) continue;
    const revision = parseRevision(text, key, generation);
    if (revision === undefined) damaged.push(generation);
    else revisions.push(revision);
  }
  const deletedText = readFileIfPresent(deletedPath(directory, key));
  return { revisions, damaged, deletedMs: deletedText === undefined ? undefined : parseDeletedMs(deletedText) };
}

function generationsOf(directory: string, key: string): readonly number[] {
  return listIfPresent(directory)
    .flatMap((file) => {
      const found = readRevisionFileName(file);
      return found?.kind === 'revision' && found.key === key ? [found.generation] : [];
    })
    .sort((a, b) => a - b);
}

function listIfPresent(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    // No controller has kept any yet.
    if (hasErrorCode(error, 'ENOENT')) return [];
    throw error;
  }
}
