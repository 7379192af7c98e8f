import type { QuotaUse } from '../spec/quota.ts';
import type { CompleteDocument, ServerDocument } from '../spec/schema.ts';
import type { Problem, ServerSpec } from '../spec/types.ts';
import type { ConditionReason } from '../status/reasons.ts';

/** Which file content a statement is about: `hublet wait` compares it with the present file. */
export interface FileIdentity {
  readonly path: string;
  readonly ino: number;
  readonly size: number;
  /** Decimal nanoseconds, as a string because it exceeds 2^53. */
  readonly mtimeNs: string;
}

/** Reasons of Accepted=False or Unknown that come from the file rather than from its text. */
export type FileRefusal = 'InsecurePermissions' | 'DuplicateName' | 'Unreadable';

/** What the sources know of one name. */
export interface DocumentRecord {
  readonly name: string;
  /** The directory that its document was accepted from, which may be no source any more. */
  readonly source: string;
  /**
   * The file content that this record answers for: the one taken, or refused. Undefined once the file's absence is proven, and
   * where none could be read yet. While a change is perhaps still being written, this is the content before it.
   */
  readonly file: FileIdentity | undefined;
  /**
   * The document that counts, without its profile: the file's own, or the last good one where the file is at fault.
   * Undefined: there never was a good one, or it is deleted. The same object as long as its content is the same.
   */
  readonly document: ServerDocument | undefined;
  /** The text that it was read from; empty where there is no document. */
  readonly text: string;
  /** Grows by one with every accepted change of content; kept over restarts of the controller. 0: never accepted. */
  readonly generation: number;
  /** Why the present file is not (yet) taken; undefined where it is. */
  readonly refusal: SpecRefusal | undefined;
  /** True once the file's absence is proven: the server is to be deleted. */
  readonly isDeleted: boolean;
  /** True while the last listing did not show its file, whether that is proof enough or not. Absent: false. */
  readonly isMissing?: boolean;
  /** True while the directory can't be trusted (gone, unreadable, replaced): nothing is created, changed or deleted. */
  readonly isFrozen: boolean;
  /** Warnings that don't refuse it, such as a world-readable file with an environment. */
  readonly warnings: readonly string[];
}

/** What is known of one name once profiles and policies have had their say. */
export interface SpecRecord extends Omit<DocumentRecord, 'document' | 'text' | 'source'> {
  /** What is to run: what the document asks for with its profile, or what it last did where that can't be had now. */
  readonly spec: ServerSpec | undefined;
  /** What `spec` was made from, its profile merged in: as written, without defaults. The same object as long as it is the same spec. */
  readonly document?: CompleteDocument;
  /** The profile that `spec` builds on; absent: none. */
  readonly profile?: string;
  /** Why the document that counts does not run as it is; absent: it does. */
  readonly denial?: SpecDenial;
}

/** A document that is right in itself and can't be had on this host: its profile, its policy or its account is at fault. */
export interface SpecDenial {
  /** The condition that says so. */
  readonly condition: 'Accepted' | 'Admitted' | 'Stalled';
  readonly reason: ConditionReason;
  readonly message: string;
  /** When another try makes sense though neither file nor configuration changed; absent: never. */
  readonly retryAfterMs?: number;
  /** True: facts are still being looked up, so nothing has been denied yet. Absent: false. */
  readonly isUndecided?: boolean;
}

export interface SpecRefusal {
  readonly reason: Problem['code'] | FileRefusal;
  /** `path:line:column: field: what`, one line a problem. */
  readonly message: string;
}

/** What a directory of specs tells about itself. */
export interface SourceState {
  readonly path: string;
  /** False: freeze. */
  readonly isReady: boolean;
  /** The reason of the host's condition SourceReady; absent: `Listed` where it is ready, else `Missing`. */
  readonly reason?: 'Listed' | 'Missing' | 'Unreadable' | 'Replaced';
  /** False: changes are only found by listing, every 5 s (condition WatchDegraded). Absent: true. */
  readonly isWatched?: boolean;
  /** What is the matter with the directory, without its path; empty where it is ready. */
  readonly message: string;
  readonly files: number;
  readonly invalid: number;
  /** Files that are perhaps still being written: what is in them is decided within moments. Absent: 0. */
  readonly undecided?: number;
  /** Files that are no specs, each with what to do about it where a person may have meant one: `a.yml (to have it read, ...)`. */
  readonly ignored: readonly string[];
  /** Names whose removal waits for a person; empty: none held. */
  readonly heldForPrune: readonly string[];
  readonly pruneDigest: string | undefined;
}

/** The documents of the desired state, whatever they are read from. */
export interface DocumentSource {
  /** Lists everything once; resolves when each file found has been judged or given up for now. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Everything known by name, deleted ones included until `forget`. */
  names(): readonly string[];
  record(name: string): DocumentRecord | undefined;
  /**
   * Takes note of a server that runs and of whose spec nothing is known: it counts as one whose file has vanished, under the prune
   * rule. False: there is no directory that could lack it.
   */
  adopt(name: string): boolean;
  /** The deletion was carried out: forget the name, its last good document and its generation. */
  forget(name: string): void;
  states(): readonly SourceState[];
  /**
   * Called with the name of each record that may have changed, or with undefined when a source's own state did.
   *
   * @param onTold called once all that was looked at at one go has been told of; by far not every change is one of a file
   */
  on(listener: (name: string | undefined) => void, onTold?: () => void): () => void;
}

/** The desired state as the loop sees it: whole specs, of which it need not know what they are made from. */
export interface Source extends Omit<DocumentSource, 'record'> {
  record(name: string): SpecRecord | undefined;
  /** Each limit on what many servers may ask for together, with what is given away of it. */
  quotas(): readonly QuotaUse[];
}
