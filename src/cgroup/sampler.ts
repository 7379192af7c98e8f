/**
 * Keeps the last usage of each followed server, from its cgroup's files; the only part of the controller that reads them.
 *
 * Readings come from a background pass in slices, so that neither a scrape nor a thousand servers hold the loop.
 */

import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { errorCode } from './errorCode.ts';
import { type FollowedScope, FollowedServer } from './followed.ts';
import { HoldOffs } from './holdOffs.ts';
import { CGROUP_ROOT, type ReaderOptions, readerOptions } from './read.ts';
import { Turns } from './turns.ts';
import type { Gauges, Usage, UsageSampler } from './types.ts';
import { CgroupWatch } from './watch.ts';

export interface SamplerOptions extends Partial<ReaderOptions> {
  readonly clock: Clock;
  readonly log: Log;
  /** Mount point of the unified hierarchy; /sys/fs/cgroup by default. */
  readonly root?: string;
  /** From the start of one pass over all servers to that of the next; 10 s by default. */
  readonly periodMs?: number;
  /** How long readings may hold the loop at a time; one reading of one server is never cut. 5 ms by default. */
  readonly sliceMs?: number;
  /** Told how long each pass took, from its first reading to its last. */
  readonly sampled?: (seconds: number) => void;
}

/** A cgroup that is throttled by memory.high changes its events thousands of times a second. */
const EVENTS_HOLD_OFF_MS = 250;

/** A sampler that has not been started yet. Servers may be followed before `start`; they are read after it. */
export function createUsageSampler(options: SamplerOptions): UsageSampler {
  return new CgroupSampler(options);
}

class CgroupSampler implements UsageSampler {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #root: string;
  readonly #turns: Turns;
  readonly #watch: CgroupWatch;
  readonly #readerOptions: ReaderOptions;
  readonly #servers = new Map<string, FollowedServer>();
  readonly #listeners = new Set<(server: string) => void>();
  readonly #holdOffs: HoldOffs;
  /** Error codes said already; forgotten by a pass without errors. */
  readonly #told = new Set<string>();
  /** Since the last pass ended. */
  #errors = 0;

  constructor(options: SamplerOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#root = options.root ?? CGROUP_ROOT;
    this.#turns = new Turns({
      clock: options.clock,
      periodMs: options.periodMs ?? 10_000,
      sliceMs: options.sliceMs ?? 5,
      names: () => this.#servers.keys(),
      read: (server, nowMs) => this.#sampleAndWatch(server, nowMs),
      readAtMs: (server) => this.#servers.get(server)?.sampledAtMs ?? 0,
      passed: (tookMs) => {
        if (this.#errors === 0) this.#told.clear();
        this.#errors = 0;
        options.sampled?.(tookMs / 1000);
      },
    });
    this.#watch = new CgroupWatch(this.#root, options.clock, options.log);
    this.#holdOffs = new HoldOffs(options.clock, EVENTS_HOLD_OFF_MS);
    this.#readerOptions = readerOptions(options);
  }

  start(): void {
    this.#turns.start();
  }

  stop(): void {
    this.#turns.stop();
    this.#holdOffs.cancelAll();
    this.#watch.closeAll();
    for (const followed of this.#servers.values()) followed.end();
  }

  follow(server: string, controlGroup: string, invocationId: string, isAdopted = false): void {
    this.#follow(server, controlGroup, invocationId, isAdopted, 'everything');
  }

  followKills(server: string, controlGroup: string, invocationId: string): boolean {
    this.#follow(server, controlGroup, invocationId, false, 'kills');
    return this.#watch.token(server) !== undefined;
  }

  unfollow(server: string): void {
    const followed = this.#servers.get(server);
    if (followed?.controlGroup === undefined) return;
    this.#read(server, followed, () => followed.sample(this.#clock.monotonicMs()));
    followed.end();
    this.#turns.drop(server);
    this.#holdOffs.cancel(server);
    this.#watch.close(server);
  }

  forget(server: string): void {
    this.unfollow(server);
    this.#servers.delete(server);
  }

  usage(server: string): Usage | undefined {
    return this.#servers.get(server)?.usage();
  }

  gauges(server: string): Gauges | undefined {
    return this.#servers.get(server)?.gauges();
  }

  measure(server: string): Usage | undefined {
    const followed = this.#servers.get(server);
    if (followed?.controlGroup === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    this.#read(server, followed, () => followed.sample(nowMs));
    const usage = followed.usage();
    // A reading that failed leaves the one before.
    return usage?.sampledAtMs === nowMs ? usage : undefined;
  }

  limitsVersion(server: string, files: readonly string[]): number | undefined {
    const followed = this.#servers.get(server);
    let version: number | undefined;
    if (followed !== undefined) {
      this.#read(server, followed, () => {
        version = followed.limitsVersion(files, this.#clock.monotonicMs(), this.#watch.token(server));
        return version !== undefined;
      });
    }
    return version;
  }

  oomKills(server: string): number {
    return this.#servers.get(server)?.oomKills ?? 0;
  }

  oomKillsOf(server: string, invocationId: string): number {
    return this.#servers.get(server)?.oomKillsOf(invocationId) ?? 0;
  }

  on(listener: (server: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #follow(server: string, controlGroup: string, invocationId: string, isAdopted: boolean, scope: FollowedScope): void {
    // Without a path of its own this would read the root cgroup: the whole host, and seconds of kernel time.
    if (controlGroup === '' || controlGroup === '/') return;
    const followed = this.#servers.get(server) ?? new FollowedServer(this.#root, this.#readerOptions);
    if (followed.isFollowing(controlGroup, invocationId, scope)) return;
    if (followed.isFollowing(controlGroup, invocationId, 'kills')) followed.widen();
    else {
      this.#servers.set(server, followed);
      this.unfollow(server);
      followed.begin(controlGroup, invocationId, isAdopted, scope);
      this.#openWatch(server, controlGroup);
    }
    this.#turns.soon(server);
  }

  #sampleAndWatch(server: string, nowMs: number): void {
    const followed = this.#servers.get(server);
    const controlGroup = followed?.controlGroup;
    if (followed === undefined || controlGroup === undefined) return;
    // First the watch, then the reading: a kill between the two is in the counters.
    if (this.#watch.token(server) === undefined) this.#openWatch(server, controlGroup);
    const isThere = this.#read(server, followed, () => followed.glance(nowMs, this.#watch.token(server)));
    if (!isThere) this.#watch.close(server);
  }

  #openWatch(server: string, controlGroup: string): void {
    this.#watch.open(server, controlGroup, (file) => {
      if (file === 'memory.events') this.#memoryEventsChanged(server);
      else if (file === 'cgroup.events') this.#populationChanged(server);
      else this.#servers.get(server)?.noteWrite(file);
    });
  }

  /** The last process may have gone: what it used is read before systemd, which is told at the same moment, removes the cgroup. */
  #populationChanged(server: string): void {
    const followed = this.#servers.get(server);
    if (followed === undefined) return;
    this.#read(server, followed, () => followed.sample(this.#clock.monotonicMs()));
  }

  #memoryEventsChanged(server: string): void {
    this.#holdOffs.run(server, () => {
      const followed = this.#servers.get(server);
      if (followed === undefined) return;
      this.#read(server, followed, () => followed.sampleMemoryEvents(this.#clock.monotonicMs()));
    });
  }

  #read(server: string, followed: FollowedServer, read: () => boolean): boolean {
    const killsBefore = followed.oomKills;
    try {
      return read();
    } catch (error) {
      this.#failed(server, error);
      return true;
    } finally {
      if (followed.oomKills > killsBefore) {
        // Whoever is told looks at what it uses, too.
        if (followed.widen()) this.#turns.soon(server);
        this.#tell(server);
      }
    }
  }

  #failed(server: string, error: unknown): void {
    this.#errors += 1;
    const code = errorCode(error) ?? 'unknown';
    if (this.#told.has(code)) return;
    this.#told.add(code);
    this.#log.warn({ server, err: error }, 'cannot read a cgroup, its usage stays as last seen');
  }

  #tell(server: string): void {
    for (const listener of this.#listeners) {
      try {
        listener(server);
      } catch (error) {
        this.#log.error({ server, err: error }, 'a listener for out-of-memory kills failed');
      }
    }
  }
}
