/** One directory of specs: when to list it and to look at its files, and what its absence means. */

import type { SourceDirectory } from '../config/types.ts';
import { Agenda } from './agenda.ts';
import { SpecBook } from './book.ts';
import type { DirectoryOptions } from './directoryOptions.ts';
import { isLost, type Listing } from './folder.ts';
import type { LastGood } from './lastgood.ts';
import { ListingTimer, nextListingInMs } from './listingTimer.ts';
import { classifyFile } from './names.ts';
import type { PruneRule } from './prune.ts';
import type { PruneAnswer } from './pruneRelease.ts';
import { Removals } from './removals.ts';
import { findLoss, type Loss, stateOf } from './standing.ts';
import type { DocumentRecord, SourceState, SpecRefusal } from './types.ts';
import { WatchKeeper } from './watchKeeper.ts';

/** A file that is no spec came or went: only the count of such files changes. */
const LIST_IGNORED_MS = 1_000;

export class DirectorySource {
  readonly path: string;
  readonly #options: DirectoryOptions;
  #config: SourceDirectory;
  readonly #book: SpecBook;
  readonly #agenda: Agenda;
  readonly #keeper: WatchKeeper;
  readonly #removals: Removals;
  readonly #timer: ListingTimer;
  #loss: Loss | undefined = { reason: 'Missing', message: 'not listed yet', missing: [] };
  /** Of the directory that is trusted. */
  #inode: string | undefined;
  /** Of the directory at the path, trusted or not: the one to watch. */
  #watchedInode: string | undefined;
  #listing: Listing | undefined;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.path = options.config.path;
    const { store, log, clock, memories, watch, config } = options;
    this.#config = config;
    const memory = memories.get(this.path);
    this.#inode = memory.inode;
    this.#removals = new Removals({
      path: this.path,
      memory,
      log,
      rule: () => this.#rule(),
      servers: () => this.#book.servers(),
      isElsewhere: (name) => options.isElsewhere(name),
      remove: (name) => this.#remove(name),
      remember: () => this.#remember(),
    });
    this.#book = new SpecBook({ path: this.path, store, log, claim: (name) => options.claim(name) });
    this.#agenda = new Agenda(
      clock,
      (name) => this.#look(name),
      () => options.told(),
    );
    this.#timer = new ListingTimer(clock, () => this.refresh());
    this.#keeper = new WatchKeeper({
      path: this.path,
      watch,
      clock,
      log,
      hint: (fileName) => this.#hint(fileName),
      changed: () => this.#watchChanged(),
    });
  }

  /** Resolves when every file of the first listing has been looked at. `known`: what was accepted from here before. */
  async start(known: readonly LastGood[]): Promise<void> {
    for (const stored of known) this.#book.adopt(stored);
    this.#timer.run();
    await this.#agenda.idle();
  }

  stop(): void {
    this.#timer.stop();
    this.#keeper.stop();
    this.#agenda.clear();
  }

  names(): readonly string[] {
    return this.#book.names();
  }

  record(name: string): DocumentRecord | undefined {
    const record = this.#book.record(name, this.#loss !== undefined);
    const isMissing = this.#loss === undefined && this.#listing?.files.has(name) === false;
    return record === undefined || !isMissing ? record : { ...record, isMissing };
  }

  /** True: a file of that name is there, or was until the contrary is proven. */
  has(name: string): boolean {
    return this.#book.has(name);
  }

  /** True: the last listing shows a file of that name. */
  shows(name: string): boolean {
    return this.#loss === undefined && this.#listing?.files.has(name) === true;
  }

  duplicateRefusal(name: string): SpecRefusal | undefined {
    return this.#book.duplicateRefusal(name);
  }

  /** The name is nobody else's any more: its file counts now. */
  reconsider(name: string): void {
    this.#book.drop(name);
    this.#agenda.drop(name);
    if (this.#loss === undefined) this.#agenda.hint(name);
  }

  /** Takes what may change while it is read; its owner may not. */
  configure(config: SourceDirectory): void {
    this.#config = { ...config, ownerUid: this.#config.ownerUid };
  }

  /** A server that runs and of whose spec nothing is known: unless a file of it is there it counts as one whose file has vanished. */
  adopt(name: string): void {
    this.#book.adoptUnknown(name);
    this.#timer.after(0);
  }

  /** A name whose file is missing for another reason than that somebody removed it: it waits for a person. */
  hold(name: string): void {
    this.#removals.hold(name);
  }

  /** A spec accepted from a directory that is no source any more. Where no file of it is here, its removal is held. */
  inherit(stored: LastGood): void {
    this.#book.adopt(stored);
    if (this.shows(stored.name)) this.reconsider(stored.name);
    else {
      this.#removals.hold(stored.name);
      this.#remember();
      this.#options.changed(undefined);
    }
  }

  drop(name: string): void {
    this.#book.drop(name);
    this.#agenda.drop(name);
    this.#removals.drop(name);
  }

  state(): SourceState {
    return stateOf({
      path: this.path,
      loss: this.#loss,
      listing: this.#listing,
      isWatched: this.#keeper.isWatching,
      invalid: this.#book.invalid(),
      undecided: this.#book.undecided(),
      held: this.#removals.held(),
    });
  }

  /** Lists now what is to be listed some time. */
  refresh(): void {
    const before = this.#listing;
    const answer = this.#options.folder.list(before?.files);
    if (!isLost(answer)) this.#take(answer);
    // Whatever is there when it is back has to be watched anew.
    else this.#watchedInode = undefined;
    const loss = findLoss(answer, { inode: this.#inode, names: () => this.#book.servers(), rule: this.#rule() });
    if (loss !== undefined) this.#lose(loss);
    else if (!isLost(answer)) this.#trust(answer);
    if (!isLost(answer) && before?.ignored.join('/') !== answer.ignored.join('/')) this.#options.changed(undefined);

    const proofMs = this.#removals.nextProofInMs(this.#options.clock.monotonicMs());
    const { rescanMs } = this.#options.settings();
    this.#timer.after(
      nextListingInMs({ isLost: this.#loss !== undefined, isWatched: this.#keeper.isWatching, rescanMs, proofMs }),
    );
  }

  /** A person confirmed the removal of exactly the held names. Undefined: they are others, and were, or none. */
  releasePrune(digest: string): PruneAnswer | undefined {
    // What is back by now is not to go.
    this.refresh();
    const { heldForPrune: names, pruneDigest: present } = this.state();
    if (present !== digest)
      return this.#removals.isLastRelease(digest) ? { kind: 'already', source: this.path } : undefined;
    const loss = this.#loss;
    if (loss !== undefined && loss.reason !== 'Replaced') {
      return { kind: 'refused', message: `${this.path} ${loss.message}; nothing is removed before that` };
    }
    this.#removals.release(digest, names);
    if (loss !== undefined && this.#listing !== undefined) this.#trust(this.#listing);
    this.#remember();
    this.#options.changed(undefined);
    return { kind: 'released', source: this.path, names };
  }

  #hint(fileName: string | undefined): void {
    const kind = fileName === undefined ? undefined : classifyFile(fileName);
    if (kind?.kind === 'spec' && this.#loss === undefined) this.#agenda.hint(kind.name);
    else this.#timer.after(kind?.kind === 'ignored' ? LIST_IGNORED_MS : 0);
  }

  #look(name: string): void {
    if (this.#loss !== undefined || this.#inode === undefined) return;
    const file = this.#options.folder.read(name, this.#inode);
    if (file === undefined) {
      this.#timer.after(0);
      return;
    }
    const result = this.#book.look(name, file, this.#options.clock.monotonicMs());
    if (result.isAbsent) this.#timer.after(0);
    else this.#removals.seen(name);
    if (result.againMs !== undefined) this.#agenda.again(name, result.againMs);
    if (result.isChanged) this.#options.changed(name);
  }

  /** What can be said of a directory whether it is trusted or not. */
  #take(listing: Listing): void {
    this.#listing = listing;
    const { inode, distrust } = listing.folder;
    if (this.#watchedInode !== inode) {
      this.#watchedInode = inode;
      this.#keeper.build();
    }
    if (distrust === undefined) return;
    for (const name of this.#book.distrust(listing.files.keys(), distrust)) this.#options.changed(name);
  }

  #trust(listing: Listing): void {
    const { clock, log, changed } = this.#options;
    const lost = this.#loss;
    this.#loss = undefined;
    if (this.#inode !== listing.folder.inode) {
      this.#inode = listing.folder.inode;
      this.#remember();
    }
    if (lost !== undefined) {
      log.info({ source: this.path, files: listing.files.size }, 'source is ready');
      changed(undefined);
      for (const name of this.#book.names()) changed(name);
    }
    const nowMs = clock.monotonicMs();
    for (const name of this.#book.dropStrays((name) => listing.files.has(name))) changed(name);
    if (this.#removals.settle((name) => listing.files.has(name), nowMs)) changed(undefined);
    const due: string[] = [];
    listing.files.forEach((stamp, name) => {
      if (this.#book.isDue(name, stamp)) due.push(name);
    });
    this.#agenda.hintAll(due);
  }

  #remove(name: string): void {
    this.#agenda.drop(name);
    this.#book.markDeleted(name);
    this.#options.changed(name);
  }

  #lose(loss: Loss): void {
    const before = this.#loss;
    this.#loss = loss;
    this.#agenda.clear();
    this.#removals.restart();
    if (before?.message === loss.message) return;
    this.#options.log.error({ source: this.path, reason: loss.reason, detail: loss.message }, 'source is not ready');
    this.#options.changed(undefined);
    for (const name of this.#book.names()) this.#options.changed(name);
  }

  #watchChanged(): void {
    this.#options.changed(undefined);
    // What happened between the last listing and the first event was seen by neither.
    this.#timer.after(0);
  }

  #rule(): PruneRule {
    return { ...this.#options.settings().prune, isOn: this.#config.prune };
  }

  #remember(): void {
    this.#options.memories.set(this.path, {
      inode: this.#inode,
      ...this.#removals.memory,
    });
  }
}
