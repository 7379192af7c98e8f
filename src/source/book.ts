/** What is known of each name of one directory: verdicts in, records out. */

import type { Log } from '../log.ts';
import { type Attention, type FileStamp, judgeLook, UNSEEN } from './intake.ts';
import type { LastGood, LastGoodStore } from './lastgood.ts';
import type { SpecFile } from './read.ts';
import type { DocumentRecord, FileIdentity, SpecRefusal } from './types.ts';

export interface SpecBookOptions {
  /** The directory. */
  readonly path: string;
  readonly store: LastGoodStore;
  readonly log: Log;
  /** Asks for a name; answers with the path of the file that has it already, or undefined where it is ours. */
  claim(name: string): string | undefined;
}

interface Entry {
  readonly attention: Attention;
  /** The file that `refusal`, or its absence, is about. */
  readonly file: FileIdentity | undefined;
  readonly refusal: SpecRefusal | undefined;
  readonly isWorldReadable: boolean;
  readonly isFresh: boolean;
  /** True: the name belongs to another source. */
  readonly isDuplicate: boolean;
  readonly isDeleted: boolean;
  /** True: it is known from its unit alone. */
  readonly isUnknown: boolean;
}

const BLANK: Entry = {
  attention: UNSEEN,
  file: undefined,
  refusal: undefined,
  isWorldReadable: false,
  isFresh: false,
  isDuplicate: false,
  isDeleted: false,
  isUnknown: false,
};

/** A record as it was last made, with what it was made from: it is asked for ten times before a server has started. */
interface Made {
  readonly entry: Entry;
  readonly stored: LastGood | undefined;
  readonly unsaved: string | undefined;
  readonly isFrozen: boolean;
  readonly record: DocumentRecord;
}

/** What a look led to. */
export interface LookResult {
  /** True: the record is another one now. */
  readonly isChanged: boolean;
  /** True: there was no file; only a listing proves that. */
  readonly isAbsent: boolean;
  /** Milliseconds after which to look again; undefined: when something happens. */
  readonly againMs: number | undefined;
}

export class SpecBook {
  readonly #options: SpecBookOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #made = new Map<string, Made>();

  constructor(options: SpecBookOptions) {
    this.#options = options;
  }

  /** A spec that was accepted before the controller was restarted: it stays in force until its file says otherwise. */
  adopt(stored: LastGood): void {
    this.#entries.set(stored.name, { ...BLANK, file: stored.file });
  }

  /** A server that runs and whose spec nobody ever told of here: it is known, and its file is not there. */
  adoptUnknown(name: string): void {
    this.#entries.set(name, { ...BLANK, isUnknown: true });
  }

  /** Names with a record that belong to this source. */
  names(): readonly string[] {
    return this.#namesOf((entry) => isKnown(entry) && !entry.isDuplicate);
  }

  /** Those of `names` that are not deleted, whether their files are there or missing. */
  servers(): readonly string[] {
    return this.#namesOf((entry) => isKnown(entry) && !entry.isDuplicate && !entry.isDeleted);
  }

  /** False: never heard of, or deleted. */
  has(name: string): boolean {
    return this.#entries.get(name)?.isDeleted === false;
  }

  /** How many files are refused. */
  invalid(): number {
    return [...this.#entries.values()].filter((entry) => entry.refusal !== undefined).length;
  }

  /** How many files are there that may still be being written. */
  undecided(): number {
    return [...this.#entries.values()].filter(({ attention }) => isUndecided(attention)).length;
  }

  /** Whether a listed file has to be looked at. `stamp` undefined: it could not even be looked at from outside. */
  isDue(name: string, stamp: FileStamp | undefined): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined || stamp === undefined) return true;
    if (entry.isFresh || entry.isDeleted || entry.isDuplicate) return true;
    return !entry.attention.isJudged || entry.attention.seen?.key !== stamp.key;
  }

  look(name: string, file: SpecFile, nowMs: number): LookResult {
    const before = this.#entries.get(name) ?? BLANK;
    if (file.look.kind === 'absent') {
      if (this.#entries.has(name)) this.#entries.set(name, { ...before, attention: UNSEEN });
      return { isChanged: false, isAbsent: true, againMs: undefined };
    }
    const winner = this.#options.claim(name);
    if (winner !== undefined) return this.#refuseDuplicate(name, file, winner);

    const { attention, verdict } = judgeLook(before.attention, file.look, nowMs);
    // It is back: the deletion is off, whatever becomes of the content.
    const isBack = before.isDeleted;
    const back = isBack ? { isDeleted: false, file: this.#options.store.get(name)?.file } : {};
    const entry: Entry = { ...before, ...back, attention, isFresh: file.isFresh, isDuplicate: false };
    const { identity, isWorldReadable } = file;
    switch (verdict.kind) {
      case 'settled':
        this.#entries.set(name, entry);
        return { isChanged: isBack, isAbsent: false, againMs: undefined };
      case 'wait':
        this.#entries.set(name, entry);
        return { isChanged: isBack, isAbsent: false, againMs: verdict.againMs };
      case 'unsure': {
        this.#entries.set(name, { ...entry, refusal: verdict.refusal });
        const isChanged = isBack || before.refusal?.message !== verdict.refusal.message;
        if (isChanged) this.#options.log.warn({ server: name, reason: verdict.refusal.reason }, 'spec cannot be read');
        return { isChanged, isAbsent: false, againMs: verdict.againMs };
      }
      case 'refuse':
        this.#entries.set(name, { ...entry, file: identity, refusal: verdict.refusal });
        this.#options.log.warn({ server: name, reason: verdict.refusal.reason }, 'spec refused');
        return { isChanged: true, isAbsent: false, againMs: undefined };
      case 'take': {
        // Stored first: whoever hears of the spec may act on it.
        if (identity !== undefined) this.#keep({ ...verdict, name, file: identity, text: file.text });
        this.#entries.set(name, { ...entry, file: identity, refusal: undefined, isWorldReadable });
        return { isChanged: true, isAbsent: false, againMs: undefined };
      }
      case 'absent':
        throw new Error('a file that is there cannot be absent');
    }
  }

  /** The directory can't be trusted, so neither can its files. Returns the names whose record changed. */
  distrust(names: Iterable<string>, message: string): readonly string[] {
    const changed: string[] = [];
    for (const name of names) {
      const entry = this.#entries.get(name) ?? BLANK;
      if (entry.refusal?.message === message || this.#options.claim(name) !== undefined) continue;
      this.#entries.set(name, { ...entry, attention: UNSEEN, refusal: { reason: 'InsecurePermissions', message } });
      changed.push(name);
    }
    return changed;
  }

  /** The file's absence is proven. */
  markDeleted(name: string): void {
    this.#entries.set(name, { ...BLANK, isDeleted: true });
  }

  /** Forgets names that are not listed and were never ours, or never judged. Returns them. */
  dropStrays(isListed: (name: string) => boolean): readonly string[] {
    const strays = this.#namesOf((entry, name) => (entry.isDuplicate || !isKnown(entry)) && !isListed(name));
    for (const name of strays) this.drop(name);
    return strays;
  }

  drop(name: string): void {
    this.#entries.delete(name);
    this.#made.delete(name);
  }

  /** Undefined: nothing is known of the name, or it is another source's. The same object as long as nothing in it changes. */
  record(name: string, isFrozen: boolean): DocumentRecord | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.isDuplicate || !isKnown(entry)) return undefined;
    const { store } = this.#options;
    const stored = store.get(name);
    const unsaved = store.unsavedReason(name);
    const made = this.#made.get(name);
    const isSame = made?.entry === entry && made.stored === stored && made.unsaved === unsaved;
    if (isSame && made.isFrozen === isFrozen) return made.record;
    const record = this.#make(name, entry, stored, unsaved, isFrozen);
    this.#made.set(name, { entry, stored, unsaved, isFrozen, record });
    return record;
  }

  #make(
    name: string,
    entry: Entry,
    stored: LastGood | undefined,
    unsaved: string | undefined,
    isFrozen: boolean,
  ): DocumentRecord {
    const { file, refusal, isDeleted } = entry;
    const warnings: string[] = [];
    if (!isDeleted && entry.isWorldReadable && Object.keys(stored?.document?.spec.environment ?? {}).length > 0) {
      warnings.push(`${file?.path} can be read by everybody and has an environment in it: chmod o-r it`);
    }
    if (unsaved !== undefined) warnings.push(`after a restart of hublet an older spec may count: ${unsaved}`);
    const document = isDeleted ? undefined : stored?.document;
    return {
      name,
      source: stored?.source ?? this.#options.path,
      file,
      document,
      text: document === undefined ? '' : (stored?.text ?? ''),
      generation: stored?.generation ?? 0,
      refusal,
      isDeleted,
      isFrozen,
      warnings,
    };
  }

  /** Why another source's name is not taken from here, for the record of the one that has it. */
  duplicateRefusal(name: string): SpecRefusal | undefined {
    const entry = this.#entries.get(name);
    return entry?.isDuplicate === true ? entry.refusal : undefined;
  }

  /** Of a thousand at each listing, so no pair is made of each. */
  #namesOf(isMeant: (entry: Entry, name: string) => boolean): readonly string[] {
    const names: string[] = [];
    this.#entries.forEach((entry, name) => {
      if (isMeant(entry, name)) names.push(name);
    });
    return names;
  }

  #refuseDuplicate(name: string, file: SpecFile, winner: string): LookResult {
    const isChanged = this.#entries.get(name)?.isDuplicate !== true;
    const stamp = 'stamp' in file.look ? file.look.stamp : undefined;
    const path = file.identity?.path ?? this.#options.path;
    const message = `${path}: ${name} is already defined by ${winner}, which counts: remove one of them`;
    const attention: Attention = { ...UNSEEN, seen: stamp, isJudged: stamp !== undefined };
    const refusal: SpecRefusal = { reason: 'DuplicateName', message };
    this.#entries.set(name, { ...BLANK, attention, file: file.identity, refusal, isDuplicate: true });
    if (isChanged) this.#options.log.warn({ server: name, reason: refusal.reason, path, winner }, 'spec refused');
    return { isChanged, isAbsent: false, againMs: undefined };
  }

  #keep(taken: Omit<LastGood, 'generation' | 'source'>): void {
    const { path, store, log } = this.#options;
    const stored = store.get(taken.name);
    const isSame = stored?.document !== undefined && stored.canonical === taken.canonical;
    if (isSame && stored.source === path) return;
    const generation = isSame ? stored.generation : store.latestGeneration(taken.name) + 1;
    const { name, file, text, canonical, document } = taken;
    store.put({ name, generation, source: path, file, text, canonical, document });
    // The event SpecAccepted is what people are told.
    log.debug({ server: name, generation }, 'spec accepted');
  }
}

function isUndecided({ seen, isJudged, unreadableTries }: Attention): boolean {
  return seen !== undefined && !isJudged && unreadableTries === 0;
}

/** False for a file that has only been looked at so far. */
function isKnown(entry: Entry): boolean {
  return entry.file !== undefined || entry.refusal !== undefined || entry.isDeleted || entry.isUnknown;
}
