import { hash } from 'node:crypto';
import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_DOCUMENT_BYTES } from '../spec/document.ts';
import type { ParsedSpec, Problem } from '../spec/types.ts';
import { errorCode } from '../store/files.ts';
import { type Folder, stampOf } from './folder.ts';
import type { FileLook } from './intake.ts';
import { SPEC_SUFFIX } from './names.ts';
import { findDistrust, isWorldReadable } from './trust.ts';
import type { FileIdentity, SpecRefusal } from './types.ts';

/** How a spec's text is judged and its problems put into words; `src/spec/parse.ts` in the product. */
export interface SpecParser {
  parse(text: string, stem: string): ParsedSpec;
  formatProblem(path: string, problem: Problem): string;
}

/** Where and how to look. */
export interface ReadContext {
  readonly folder: Folder;
  readonly ownerUid: number;
  readonly parser: SpecParser;
  readonly wallMs: number;
}

/** A look at a file, with what the record and the store need of it. */
export interface SpecFile {
  readonly look: FileLook;
  /** Undefined where there is no file or nothing is known of it. */
  readonly identity: FileIdentity | undefined;
  /** Empty where it was not read. */
  readonly text: string;
  readonly isWorldReadable: boolean;
  /** True: changed so recently that one more write could leave the same times, so it has to be read once more. */
  readonly isFresh: boolean;
}

/** Longest step of a kernel's file times (CONFIG_HZ=100), with a margin. */
const TIME_STEP_MS = 50;

/**
 * Looks at the spec of a server: its text, or why it is not to be read. Never blocks on a FIFO or device, never follows a link.
 *
 * @see open(2): O_NOFOLLOW, O_NONBLOCK; Node opens with O_CLOEXEC
 */
export function readSpecFile(name: string, context: ReadContext): SpecFile {
  const fileName = name + SPEC_SUFFIX;
  const path = join(context.folder.path, fileName);
  try {
    const through = context.folder.fileThrough(fileName);
    // Before opening: to open a device may already do something.
    const stats = lstatSync(through, { bigint: true });
    const unfit = findUnfit(path, stats, context.ownerUid);
    if (unfit !== undefined) return describe(path, stats, unfit, context);
    const handle = openSync(through, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return readOpened(handle, path, name, context);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    return unreadable(path, errorCode(error));
  }
}

function readOpened(handle: number, path: string, name: string, context: ReadContext): SpecFile {
  const stats = fstatSync(handle, { bigint: true });
  const unfit = findUnfit(path, stats, context.ownerUid);
  if (unfit !== undefined) return describe(path, stats, unfit, context);
  const bytes = readBytes(handle, stats.size);
  if (bytes.length > MAX_DOCUMENT_BYTES) return describe(path, stats, tooLarge(path), context);
  const text = decodeText(bytes);
  if (text === undefined) return describe(path, stats, notText(path), context);
  const stamp = stampOf(stats);
  const look: FileLook = {
    kind: 'text',
    stamp,
    digest: hash('sha256', bytes),
    endsInNewline: text.endsWith('\n'),
    isSteady: stampOf(fstatSync(handle, { bigint: true })).key === stamp.key,
    parse: () => context.parser.parse(text, name),
    explain: (parsed) => explain(path, parsed, context.parser),
  };
  return { ...describe(path, stats, look, context), text };
}

function describe(path: string, stats: BigIntStats, found: SpecRefusal | FileLook, context: ReadContext): SpecFile {
  return {
    look: 'kind' in found ? found : { kind: 'unfit', stamp: stampOf(stats), refusal: found },
    identity: { path, ino: Number(stats.ino), size: Number(stats.size), mtimeNs: `${stats.mtimeNs}` },
    text: '',
    isWorldReadable: isWorldReadable(Number(stats.mode), context.folder.mode),
    isFresh: Math.abs(context.wallMs - Number(stats.ctimeMs)) < TIME_STEP_MS,
  };
}

/** What is known of a file that an error kept from being read: nothing, except where there is none. */
export function unreadable(path: string, code: string): SpecFile {
  const refusal: SpecRefusal = { reason: 'Unreadable', message: `${path}: cannot be read (${code}); tried again` };
  const look: FileLook = code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unreadable', refusal };
  return { look, identity: undefined, text: '', isWorldReadable: false, isFresh: true };
}

function findUnfit(path: string, stats: BigIntStats, ownerUid: number): SpecRefusal | undefined {
  const kind = describeKind(stats);
  if (kind !== undefined) {
    return { reason: 'InsecurePermissions', message: `${path}: is ${kind}: put a regular file in its place` };
  }
  const distrust = findDistrust({ path, uid: Number(stats.uid), mode: Number(stats.mode) }, ownerUid);
  if (distrust !== undefined) return { reason: 'InsecurePermissions', message: distrust };
  return stats.size > MAX_DOCUMENT_BYTES ? tooLarge(path) : undefined;
}

/** Undefined for a regular file. */
function describeKind(stats: BigIntStats): string | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a named pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}

/** The whole of it, or one byte more than may be. @param size as the file system says, which decides nothing but how much room is made at first */
function readBytes(handle: number, size: bigint): Buffer {
  let buffer = Buffer.allocUnsafe(Math.min(Number(size), MAX_DOCUMENT_BYTES) + 1);
  let length = 0;
  for (;;) {
    const count = readSync(handle, buffer, length, buffer.length - length, null);
    length += count;
    if (count === 0 || length > MAX_DOCUMENT_BYTES) return buffer.subarray(0, length);
    if (length === buffer.length) buffer = Buffer.concat([buffer], MAX_DOCUMENT_BYTES + 1);
  }
}

/** Undefined where it is no UTF-8; a byte order mark is dropped. */
function decodeText(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function explain(path: string, parsed: Exclude<ParsedSpec, { kind: 'valid' }>, parser: SpecParser): SpecRefusal {
  const problems = parsed.kind === 'incomplete' ? ([parsed.problem] as const) : parsed.problems;
  const message = problems.map((problem) => parser.formatProblem(path, problem)).join('\n');
  return { reason: problems[0].code, message };
}

function tooLarge(path: string): SpecRefusal {
  return { reason: 'TooLarge', message: `${path}: is larger than ${MAX_DOCUMENT_BYTES / 1024} KiB` };
}

function notText(path: string): SpecRefusal {
  return { reason: 'ParseError', message: `${path}: is not UTF-8 text: save it as UTF-8` };
}
