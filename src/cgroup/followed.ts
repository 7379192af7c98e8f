import { isDeepStrictEqual } from 'node:util';
import { KnownLimits } from './knownLimits.ts';
import { CgroupReader, type ReaderOptions } from './read.ts';
import { addReading, countersOf, endCgroup, NO_TOTALS, startAt, sumOfOne, type Totals, withTotals } from './totals.ts';
import { CgroupGone, type Gauges, type Usage } from './types.ts';

/** How many invocations keep their own count of kills: the question comes when one has just ended. */
const INVOCATIONS_KEPT = 4;

/** Shorter spans than this make no rate: kernel accounting is only exact to some milliseconds. */
const RATE_SPAN_MIN_MS = 500;

/** So many passes in a row may find nothing new in a glance: a minute at one pass each 10 s. */
const GLANCES_MAX = 5;

/** What would be told is read so often all the same: the kernel's queue may overflow unseen, and there are ways that aren't watched. */
const TOLD_COUNTS_MS = 5 * 60_000;

/** What is known of one server's cgroups: the present one, and totals over those that are gone. */
export class FollowedServer {
  readonly #root: string;
  readonly #readerOptions: ReaderOptions;
  #controlGroup: string | undefined;
  #invocationId = '';
  #reader: CgroupReader | undefined;
  #totals: Totals = NO_TOTALS;
  /** Of the totals: each pass asks for both, and few change them. */
  #cpuSeconds: number | undefined;
  #oomKills = 0;
  /** The last reading in full. */
  #last: Usage | undefined;
  /** Time of the last reading, in full or not. */
  #sampledAtMs = 0;
  #rate: { atMs: number; cpuSeconds: number; cores: number | undefined } | undefined;
  #countsFromNow = false;
  /** True: two readings in a row were alike, so neither a task that waits nor one that runs makes anything grow. */
  #isStill = false;
  #glances = 0;
  /** Of the last reading in full that was a pass's. */
  #inFull: { readonly atMs: number; readonly watch: object | undefined } | undefined;
  readonly #limits = new KnownLimits();
  /** Kills by invocation, in the order they were followed; cgroups of it that are gone are in `ended`. */
  readonly #kills = new Map<string, { readonly ended: number; readonly live: number }>();

  constructor(root: string, readerOptions: ReaderOptions) {
    this.#root = root;
    this.#readerOptions = readerOptions;
  }

  /** Path below the root of the cgroup that is read; undefined while none is followed. */
  get controlGroup(): string | undefined {
    return this.#controlGroup;
  }

  /** Time of the last reading; 0 before the first. */
  get sampledAtMs(): number {
    return this.#sampledAtMs;
  }

  /** Kills over all its invocations. */
  get oomKills(): number {
    return this.#oomKills;
  }

  oomKillsOf(invocationId: string): number {
    const kills = this.#kills.get(invocationId);
    return kills === undefined ? 0 : kills.ended + kills.live;
  }

  isFollowing(controlGroup: string, invocationId: string): boolean {
    return this.#controlGroup === controlGroup && this.#invocationId === invocationId;
  }

  /** Turns to another cgroup; `end` must have been called for the one before. */
  begin(controlGroup: string, invocationId: string, isAdopted: boolean): void {
    this.#controlGroup = controlGroup;
    this.#invocationId = invocationId;
    this.#countsFromNow = isAdopted;
    this.#isStill = false;
    if (!this.#kills.has(invocationId)) this.#kills.set(invocationId, { ended: 0, live: 0 });
    for (const oldest of this.#kills.keys()) {
      if (this.#kills.size <= INVOCATIONS_KEPT) break;
      this.#kills.delete(oldest);
    }
  }

  /**
   * As `sample`, for one of many passes: of a cgroup that is at rest only what would show that it is not any more, and everything
   * after a write to it. What is done to it from outside, as when the kernel reclaims its memory, may be a minute old, and five
   * what would have been told.
   *
   * @param watch as for `limitsVersion`, from before
   */
  glance(nowMs: number, watch: object | undefined): boolean {
    return this.#reading((reader) => {
      if (this.#last === undefined || !this.#isAsBefore(reader, nowMs, watch)) {
        this.#take(reader, nowMs);
        this.#inFull = { atMs: nowMs, watch };
        return;
      }
      this.#sampledAtMs = nowMs;
      this.#noteRate(nowMs);
    });
  }

  /**
   * Reads everything; false where there is no cgroup (its counters are kept and another try is worth it).
   * @throws what reading throws, except CgroupGone
   */
  sample(nowMs: number): boolean {
    return this.#reading((reader) => this.#take(reader, nowMs));
  }

  /** Reads `memory.events` alone, which costs a hundredth of `sample`. Result and errors as there. */
  sampleMemoryEvents(nowMs: number): boolean {
    if (this.#countsFromNow) return this.sample(nowMs);
    return this.#reading((reader) => {
      const memoryEvents = reader.readMemoryEvents();
      if (memoryEvents === undefined) return;
      this.#count(addReading(this.#totals, countersOf({ sampledAtMs: nowMs, memoryEvents })));
      this.#noteKills(memoryEvents.oomKill);
    });
  }

  /**
   * As `UsageSampler` has it; undefined where there is no cgroup. Nothing is read where `watch` has been there since the last
   * reading, and has told of no write.
   *
   * @param watch one object as long as writes are told by `noteWrite` without a gap; undefined: they aren't
   * @throws what reading throws, except CgroupGone
   */
  limitsVersion(files: readonly string[], nowMs: number, watch: object | undefined): number | undefined {
    if (this.#limits.areAsRead(files, nowMs, watch)) return this.#limits.version;
    const isThere = this.#reading((reader) => this.#limits.note(files, nowMs, watch, reader.hasOtherLimits(files)));
    return isThere ? this.#limits.version : undefined;
  }

  /** This file of the cgroup changed, as the watch tells: by a write, but for those that the kernel tells events by. */
  noteWrite(file: string): void {
    if (isEventFile(file)) return;
    this.#limits.forget();
    this.#isStill = false;
  }

  /** Lets go of the present cgroup, if any; only totals remain of it. */
  end(): void {
    this.#leaveCgroup();
    this.#controlGroup = undefined;
    this.#invocationId = '';
    this.#rate = undefined;
  }

  /** Last sample with counters as totals; once nothing is followed the totals alone. Undefined before the first sample. */
  usage(): Usage | undefined {
    if (this.#last === undefined) return undefined;
    const sampledAtMs = this.#sampledAtMs;
    if (this.#controlGroup === undefined) return withTotals({ sampledAtMs }, this.#totals);
    const cpuCores = this.#rate?.cores;
    return withTotals({ ...this.#last, sampledAtMs, ...(cpuCores !== undefined && { cpuCores }) }, this.#totals);
  }

  /** As `UsageSampler` has it. */
  gauges(): Gauges | undefined {
    if (this.#last === undefined || this.#controlGroup === undefined) return undefined;
    const { memoryCurrentBytes, memoryWorkingSetBytes } = this.#last;
    return { sampledAtMs: this.#sampledAtMs, cpuCores: this.#rate?.cores, memoryCurrentBytes, memoryWorkingSetBytes };
  }

  #reading(read: (reader: CgroupReader) => void): boolean {
    if (this.#controlGroup === undefined) return false;
    try {
      this.#reader ??= new CgroupReader(this.#root, this.#controlGroup, this.#readerOptions);
      read(this.#reader);
      return true;
    } catch (error) {
      if (!(error instanceof CgroupGone)) throw error;
      // systemd removes an empty cgroup and may make it anew in the same invocation, for ExecStopPost= for instance.
      this.#leaveCgroup();
      return false;
    }
  }

  #isAsBefore(reader: CgroupReader, nowMs: number, watch: object | undefined): boolean {
    if (!this.#isStill) return false;
    if (this.#glances < GLANCES_MAX) {
      this.#glances += 1;
      return reader.isStill();
    }
    const inFull = this.#inFull;
    const wouldBeTold = watch !== undefined && watch === inFull?.watch && nowMs - inFull.atMs < TOLD_COUNTS_MS;
    this.#glances = 0;
    return wouldBeTold && reader.isQuiet();
  }

  #take(reader: CgroupReader, nowMs: number): void {
    const usage = reader.readNews(nowMs);
    this.#glances = 0;
    this.#sampledAtMs = nowMs;
    if (usage === undefined) {
      this.#isStill = true;
      this.#noteRate(nowMs);
      return;
    }
    this.#isStill = this.#last !== undefined && isAlike(this.#last, usage);
    if (this.#last !== undefined && !hasSameLimits(this.#last, usage)) this.#limits.forget();
    const counters = countersOf(usage);
    this.#count(this.#countsFromNow ? startAt(this.#totals, counters) : addReading(this.#totals, counters));
    this.#countsFromNow = false;
    this.#last = usage;
    this.#noteKills(counters.memoryOomKill);
    this.#noteRate(nowMs);
  }

  #leaveCgroup(): void {
    this.#isStill = false;
    this.#inFull = undefined;
    this.#limits.forget();
    this.#reader?.close();
    this.#reader = undefined;
    this.#count(endCgroup(this.#totals));
    const kills = this.#kills.get(this.#invocationId);
    if (kills !== undefined) this.#kills.set(this.#invocationId, { ended: kills.ended + kills.live, live: 0 });
  }

  #count(totals: Totals): void {
    this.#totals = totals;
    const userSeconds = sumOfOne(totals, 'cpuUserSeconds');
    const systemSeconds = sumOfOne(totals, 'cpuSystemSeconds');
    this.#cpuSeconds =
      userSeconds === undefined || systemSeconds === undefined ? undefined : userSeconds + systemSeconds;
    this.#oomKills = sumOfOne(totals, 'memoryOomKill') ?? 0;
  }

  #noteKills(live: number | undefined): void {
    const kills = this.#kills.get(this.#invocationId);
    if (live === undefined || kills === undefined) return;
    this.#kills.set(this.#invocationId, { ended: kills.ended, live: Math.max(kills.live, live) });
  }

  #noteRate(nowMs: number): void {
    const cpuSeconds = this.#cpuSeconds;
    if (cpuSeconds === undefined) return;
    const rate = this.#rate;
    if (rate === undefined) {
      this.#rate = { atMs: nowMs, cpuSeconds, cores: undefined };
      return;
    }
    const spanMs = nowMs - rate.atMs;
    if (spanMs < RATE_SPAN_MIN_MS) return;
    rate.cores = ((cpuSeconds - rate.cpuSeconds) * 1000) / spanMs;
    rate.atMs = nowMs;
    rate.cpuSeconds = cpuSeconds;
  }
}

/** `memory.events`, `memory.events.local`, `pids.events`. */
function isEventFile(file: string): boolean {
  return /\.events(\.|$)/.test(file);
}

function hasSameLimits(a: Usage, b: Usage): boolean {
  return (['cpuLimitCores', 'memoryLimitBytes', 'memoryHighBytes', 'tasksLimit'] as const).every(
    (limit) => a[limit] === b[limit],
  );
}

/** Whether two readings differ in nothing but their time. */
function isAlike(a: Usage, b: Usage): boolean {
  return isDeepStrictEqual({ ...a, sampledAtMs: 0 }, { ...b, sampledAtMs: 0 });
}
