/** What one cgroup uses, as its files said at `sampledAtMs`. A field is absent where its controller is off or its file is missing, never 0. */
export interface Usage {
  /** Monotonic time of the reading. */
  readonly sampledAtMs: number;
  readonly cpuUserSeconds?: number;
  readonly cpuSystemSeconds?: number;
  /** Cores used on average between the last two samples of a sampler; absent before the second. */
  readonly cpuCores?: number;
  readonly cpuPeriods?: number;
  readonly cpuThrottledPeriods?: number;
  readonly cpuThrottledSeconds?: number;
  /** cpu.max as cores; absent: no limit. */
  readonly cpuLimitCores?: number;
  readonly memoryCurrentBytes?: number;
  /** memory.current less inactive_file, not below 0: what a limit must leave room for. */
  readonly memoryWorkingSetBytes?: number;
  readonly memoryAnonBytes?: number;
  readonly memoryFileBytes?: number;
  readonly memorySwapBytes?: number;
  readonly memoryPeakBytes?: number;
  readonly memoryLimitBytes?: number;
  readonly memoryHighBytes?: number;
  readonly memoryEvents?: MemoryEvents;
  readonly tasks?: number;
  readonly tasksLimit?: number;
  /** io.stat, summed over all devices; cumulative, as are the pressures. */
  readonly ioReadBytes?: number;
  readonly ioWriteBytes?: number;
  readonly ioReads?: number;
  readonly ioWrites?: number;
  readonly cpuPressure?: Pressure;
  readonly memoryPressure?: Pressure;
  readonly ioPressure?: Pressure;
}

/**
 * How long tasks had to wait for a resource since the cgroup was made.
 * @see kernel Documentation/accounting/psi.rst
 */
export interface Pressure {
  /** At least one task waited. */
  readonly waitingSeconds: number;
  /** All tasks that had anything to do waited, so no work was done; absent for the CPU on kernels before 5.13. */
  readonly stalledSeconds?: number;
}

/** memory.events: cumulative counts since the cgroup was made. */
export interface MemoryEvents {
  readonly low: number;
  readonly high: number;
  readonly max: number;
  readonly oom: number;
  readonly oomKill: number;
}

/** What it uses at one moment, without what it has used so far; undefined as in `Usage`. */
export interface Gauges {
  readonly sampledAtMs: number;
  readonly cpuCores: number | undefined;
  readonly memoryCurrentBytes: number | undefined;
  readonly memoryWorkingSetBytes: number | undefined;
}

/** The cgroup was removed while it was being read (ENOENT, ENODEV): its unit ended. */
export class CgroupGone extends Error {
  override readonly name = 'CgroupGone';
}

/** Keeps the last usage of each server that is followed, and tells of out-of-memory kills as they happen. */
export interface UsageSampler {
  start(): void;
  stop(): void;
  /**
   * Reads this cgroup from now on. The same invocation again: nothing. Another: its counters add to the totals so far.
   * `isAdopted`: it ran before the controller did, so what it used and how often it was killed until now is not counted
   * (except by `oomKillsOf`), and no kill is told twice over a restart of the controller. Nothing where `controlGroup` is
   * empty: call again once it is known.
   */
  follow(server: string, controlGroup: string, invocationId: string, isAdopted?: boolean): void;
  /**
   * Tells of kills for memory in a cgroup that nothing else is read of until there is one, at a tenth of the cost of `follow`,
   * which takes over when it is called. Nothing where all of this cgroup is followed.
   *
   * False: it is not there, or no watch is to be had, and a kill is told at the next pass.
   */
  followKills(server: string, controlGroup: string, invocationId: string): boolean;
  /** Takes a last sample where the cgroup is still there; totals stay until `forget`. */
  unfollow(server: string): void;
  forget(server: string): void;
  /** Last sample, counters as totals over all invocations since the controller started. Undefined before the first one. */
  usage(server: string): Usage | undefined;
  /** Of the last sample, at a tenth of the cost of `usage`. Undefined where nothing is followed, and before the first one. */
  gauges(server: string): Gauges | undefined;
  /** As `usage`, read at this very moment: for decisions that an old reading would make wrong. Undefined where it can't be read. */
  measure(server: string): Usage | undefined;
  /**
   * Another number than before: limits in these files (`cpu.max`) may be others than when it was last asked, or it is another cgroup.
   * Undefined where they can't be read. They are read at this very moment, but where the kernel tells of each write to them and
   * has told of none since they were last read, at most five minutes ago.
   *
   * @param files the same object for the same files: another one is another question
   */
  limitsVersion(server: string, files: readonly string[]): number | undefined;
  /** Kills for memory inside the server's cgroups that were seen, over all invocations since the controller started. */
  oomKills(server: string): number;
  /** Those of one invocation alone: a later question about how it ended. */
  oomKillsOf(server: string, invocationId: string): number;
  /** Fires when memory.events shows a new kill. */
  on(listener: (server: string) => void): () => void;
}
