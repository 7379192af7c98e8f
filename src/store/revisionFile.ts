import { join } from 'node:path';
import type { FileIdentity } from '../source/types.ts';
import { sha256Hex } from './digest.ts';
import { seal, unseal } from './stored.ts';

/** A spec as it was accepted once. */
export interface Revision {
  readonly name: string;
  /** Its number, too. */
  readonly generation: number;
  /** ISO 8601: when it was accepted. */
  readonly at: string;
  /** Directory that it came from. */
  readonly source: string;
  readonly file: FileIdentity;
  /** The file's text as it was written. */
  readonly text: string;
  /** Equal where two texts say the same. */
  readonly canonical: string;
}

/** How many revisions of a server are kept. */
export const REVISIONS_KEPT = 5;
/** How long those of a deleted server are kept: long enough to notice that it was a mistake. */
export const DELETED_KEPT_MS = 7 * 24 * 3_600_000;

const REVISION_FILE = /^([0-9a-f]{64})\.([1-9][0-9]*)\.json$/;
const DELETED_FILE = /^([0-9a-f]{64})\.deleted$/;

export type RevisionFileName =
  | { readonly kind: 'revision'; readonly key: string; readonly generation: number }
  /** Says since when the server is deleted, in milliseconds of wall time. */
  | { readonly kind: 'deleted'; readonly key: string };

/** `<state directory>/revisions`: `<key>.<generation>.json`, and `<key>.deleted` beside those of a deleted server. */
export function revisionsDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'revisions');
}

/** What stands for a server's name in file names. */
export function revisionKey(name: string): string {
  return sha256Hex(name);
}

export function revisionPath(directory: string, key: string, generation: number): string {
  return join(directory, `${key}.${generation}.json`);
}

export function deletedPath(directory: string, key: string): string {
  return join(directory, `${key}.deleted`);
}

/** Undefined: no file of ours. */
export function readRevisionFileName(file: string): RevisionFileName | undefined {
  const [, key, generation] = REVISION_FILE.exec(file) ?? [];
  if (key !== undefined) return { kind: 'revision', key, generation: Number(generation) };
  const [, deletedKey] = DELETED_FILE.exec(file) ?? [];
  return deletedKey === undefined ? undefined : { kind: 'deleted', key: deletedKey };
}

/** The stored form: one JSON object with a checksum over the rest. */
export function formatRevision(revision: Revision): string {
  const { name, generation, at, source, file, text, canonical } = revision;
  return seal({ name, generation, at, source, file, text, canonical });
}

/** Undefined where the text is cut off, altered, or that of another server or number than its file's name says. */
export function parseRevision(text: string, key: string, generation: number): Revision | undefined {
  const revision = unseal(text);
  if (revision === undefined || !isRevision(revision)) return undefined;
  return revisionKey(revision.name) === key && revision.generation === generation ? revision : undefined;
}

/** Wall time in milliseconds; undefined where the text is damaged. */
export function parseDeletedMs(text: string): number | undefined {
  return /^[0-9]{1,15}\n$/.test(text) ? Number(text) : undefined;
}

/** The checksum vouches for the content, this for the version that wrote it. */
function isRevision(entry: object): entry is Revision {
  const { name, generation, at, source, file, text, canonical } = entry as Record<string, unknown>;
  return (
    [name, at, source, text, canonical].every((value) => typeof value === 'string') &&
    Number.isSafeInteger(generation) &&
    typeof file === 'object' &&
    file !== null
  );
}
