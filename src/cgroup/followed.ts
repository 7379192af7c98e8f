import { isDeepStrictEqual } from 'node:util';
import { CpuRate } from './cpuRate.ts';
import { KillCounts } from './killCounts.ts';
import { KnownLimits } from './knownLimits.ts';
import { CgroupReader, type ReaderOptions } from './read.ts';
import { addReading, countersOf, endCgroup, NO_TOTALS, startAt, sumOfOne, type Totals, withTotals } from './totals.ts';
import { CgroupGone, type Gauges, type Usage } from './types.ts';

/** So many passes in a row may find nothing new in a glance: a minute at one pass each 10 s. */
const GLANCES_MAX = 5;

/** What would be told is read so often all the same: the kernel's queue may overflow unseen, and there are ways that aren't watched. */
const TOLD_COUNTS_MS = 5 * 60_000;

/** What passes read: everything, or kills for memory alone until the first one is seen. */
export type FollowedScope = 'everything' | 'kills';

/** What is known of one server's cgroups: the present one, and totals over those that are gone. */
export class FollowedServer {
  readonly #root: string;
  readonly #readerOptions: ReaderOptions;
  #controlGroup: string | undefined;
  #invocationId = '';
  #scope: FollowedScope = 'everything';
  #reader: CgroupReader | undefined;
  #totals: Totals = NO_TOTALS;
  /** Of the totals: each pass asks for both, and few change them. */
  #cpuSeconds: number | undefined;
  #oomKills = 0;
  /** The last reading in full of the present cgroup. */
  #last: Usage | undefined;
  /** Whether there ever was one, of whichever cgroup. */
  #wasRead = false;
  /** Time of the last reading, in full or not. */
  #sampledAtMs = 0;
  readonly #rate = new CpuRate();
  readonly #kills = new KillCounts();
  #countsFromNow = false;
  /** True: two readings in a row were alike, so neither a task that waits nor one that runs makes anything grow. */
  #isStill = false;
  #glances = 0;
  /** Of the last reading in full that was a pass's. */
  #inFull: { readonly atMs: number; readonly watch: object | undefined } | undefined;
  readonly #limits = new KnownLimits();

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
    return this.#kills.of(invocationId);
  }

  /** Whether it is this cgroup that is read, and at least in this scope. */
  isFollowing(controlGroup: string, invocationId: string, scope: FollowedScope): boolean {
    const isSame = this.#controlGroup === controlGroup && this.#invocationId === invocationId;
    return isSame && (this.#scope === 'everything' || scope === 'kills');
  }

  /** From now on everything is read of the present cgroup. True where it was less before. */
  widen(): boolean {
    const isWider = this.#scope === 'kills';
    this.#scope = 'everything';
    return isWider;
  }

  /** Turns to another cgroup; `end` must have been called for the one before. */
  begin(controlGroup: string, invocationId: string, isAdopted: boolean, scope: FollowedScope): void {
    this.#controlGroup = controlGroup;
    this.#invocationId = invocationId;
    this.#scope = scope;
    this.#last = undefined;
    this.#countsFromNow = isAdopted;
    this.#isStill = false;
    this.#kills.begin(invocationId);
  }

  /**
   * As `sample`, for one of many passes: of a cgroup that is at rest only what would show that it is not any more, and everything
   * after a write to it. What is done to it from outside, as when the kernel reclaims its memory, may be a minute old, and five
   * what would have been told.
   *
   * @param watch as for `limitsVersion`, from before
   */
  glance(nowMs: number, watch: object | undefined): boolean {
    if (this.#scope === 'kills') return this.sampleMemoryEvents(nowMs);
    return this.#reading((reader) => {
      if (this.#last === undefined || !this.#isAsBefore(reader, nowMs, watch)) {
        this.#take(reader, nowMs);
        this.#inFull = { atMs: nowMs, watch };
        return;
      }
      this.#sampledAtMs = nowMs;
      this.#rate.note(nowMs, this.#cpuSeconds);
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
      this.#kills.note(this.#invocationId, memoryEvents.oomKill);
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
    this.#last = undefined;
    this.#rate.forget();
  }

  /** Last sample with counters as totals; the totals alone while none of the present cgroup is there. Undefined before the very first. */
  usage(): Usage | undefined {
    if (!this.#wasRead) return undefined;
    const sampledAtMs = this.#sampledAtMs;
    if (this.#last === undefined) return withTotals({ sampledAtMs }, this.#totals);
    const cpuCores = this.#rate.cores;
    return withTotals({ ...this.#last, sampledAtMs, ...(cpuCores !== undefined && { cpuCores }) }, this.#totals);
  }

  /** As `UsageSampler` has it. */
  gauges(): Gauges | undefined {
    if (this.#last === undefined) return undefined;
    const { memoryCurrentBytes, memoryWorkingSetBytes } = this.#last;
    return { sampledAtMs: this.#sampledAtMs, cpuCores: this.#rate.cores, memoryCurrentBytes, memoryWorkingSetBytes };
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
      this.#rate.note(nowMs, this.#cpuSeconds);
      return;
    }
    this.#isStill = this.#last !== undefined && isAlike(this.#last, usage);
    if (this.#last !== undefined && !hasSameLimits(this.#last, usage)) this.#limits.forget();
    const counters = countersOf(usage);
    this.#count(this.#countsFromNow ? startAt(this.#totals, counters) : addReading(this.#totals, counters));
    this.#countsFromNow = false;
    this.#last = usage;
    this.#wasRead = true;
    this.#kills.note(this.#invocationId, counters.memoryOomKill);
    this.#rate.note(nowMs, this.#cpuSeconds);
  }

  #leaveCgroup(): void {
    this.#isStill = false;
    this.#inFull = undefined;
    this.#limits.forget();
    this.#reader?.close();
    this.#reader = undefined;
    this.#count(endCgroup(this.#totals));
    this.#kills.endCgroup(this.#invocationId);
  }

  #count(totals: Totals): void {
    this.#totals = totals;
    const userSeconds = sumOfOne(totals, 'cpuUserSeconds');
    const systemSeconds = sumOfOne(totals, 'cpuSystemSeconds');
    this.#cpuSeconds =
      userSeconds === undefined || systemSeconds === undefined ? undefined : userSeconds + systemSeconds;
    this.#oomKills = sumOfOne(totals, 'memoryOomKill') ?? 0;
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
