/** Measures the use of servers: CPU time of their cgroups, connections to their ports, Jupyter's own word. Others decide what follows. */
import type { UsageSampler } from '../cgroup/types.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { IdleCheck } from '../spec/types.ts';
import type { PortUse } from './connections.ts';
import type { AskJupyter } from './jupyter.ts';
import type { IdleMonitor, IdleReading, IdleTarget, IdleVerdict, KnownIdleness } from './types.ts';
import { type IdleState, nextState, resumedState } from './verdict.ts';

export interface IdleMonitorOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly sampler: Pick<UsageSampler, 'usage'>;
  /** @throws where it can't be read */
  readonly readPortUse: () => Promise<ReadonlyMap<number, PortUse>>;
  /** Uids whose sockets listen on a port. @throws where it can't be read */
  readonly portHolders: (port: number) => readonly number[];
  /** The uid that a process acts as; undefined: it has ended. @throws where it can't be read */
  readonly processOwner: (pid: number) => number | undefined;
  readonly askJupyter: AskJupyter;
}

/** More than the period of the sampler (10 s): each pass finds a new sample of CPU time. */
const PERIOD_MS = 15_000;
/** A connection that is gone after this long was a probe, or ended anyway: a browser that shows a notebook keeps one open. */
const CONNECTION_HOLD_MS = 2_000;

/** On a busy host a sample may be late: until it comes, the one before it stands. */
const SAMPLE_LATE_MS = 60_000;

interface CpuTime {
  readonly seconds: number;
  readonly atMs: number;
}

interface Followed {
  target: IdleTarget;
  state: IdleState | undefined;
  /** Of an earlier controller, until the first measuring has borne it out. */
  resumed: IdleState | undefined;
  cpu: (CpuTime & { readonly reading: IdleReading }) | undefined;
  lastActivity: string | undefined;
}

/** A monitor that has not been started. */
export function createIdleMonitor(options: IdleMonitorOptions): IdleMonitor {
  return new Monitor(options);
}

class Monitor implements IdleMonitor {
  readonly #options: IdleMonitorOptions;
  readonly #servers = new Map<string, Followed>();
  readonly #listeners = new Set<(server: string) => void>();
  #cancel: (() => void) | undefined;
  #isRunning = false;

  constructor(options: IdleMonitorOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#schedule();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  follow(server: string, target: IdleTarget, known?: KnownIdleness): void {
    const followed = this.#servers.get(server);
    if (followed?.target.invocationId === target.invocationId) {
      followed.target = target;
      return;
    }
    const isSame = known?.invocationId === target.invocationId;
    const resumed = isSame ? resumedState(known, this.#options.clock.monotonicMs()) : undefined;
    this.#servers.set(server, { target, state: undefined, resumed, cpu: undefined, lastActivity: undefined });
  }

  unfollow(server: string): void {
    this.#servers.delete(server);
  }

  verdict(server: string): IdleVerdict | undefined {
    return this.#servers.get(server)?.state?.verdict;
  }

  on(listener: (server: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(PERIOD_MS, () => {
      void this.#pass().finally(() => {
        if (this.#isRunning) this.#schedule();
      });
    });
  }

  /** Never rejects: what can't be measured is unknown. */
  async #pass(): Promise<void> {
    if (this.#servers.size === 0) return;
    const use = await this.#lastingUse();
    await Promise.all([...this.#servers].map(([server, followed]) => this.#measure(server, followed, use)));
  }

  async #measure(server: string, followed: Followed, use: ReadonlyMap<number, PortUse> | undefined): Promise<void> {
    const { clock } = this.#options;
    const { target } = followed;
    const readings: IdleReading[] = [];
    for (const check of target.checks) readings.push(await this.#check(check, server, followed, use));
    // Another run meanwhile, or none any more.
    if (this.#servers.get(server) !== followed || !this.#isRunning) return;
    const before = followed.state?.verdict;
    const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    const { resumed } = followed;
    followed.resumed = undefined;
    // A first measuring has nothing to compare with, so it can't tell that all is quiet; it goes on from what was known.
    const isBorneOut = resumed !== undefined && !readings.includes('used');
    followed.state = isBorneOut
      ? nextState(target.invocationId, resumed, ['quiet'], now)
      : nextState(target.invocationId, followed.state, readings, now);
    if (!isNews(before, followed.state.verdict, followed.target)) return;
    for (const listener of this.#listeners) listener(server);
  }

  async #check(
    check: IdleCheck,
    server: string,
    followed: Followed,
    use: ReadonlyMap<number, PortUse> | undefined,
  ): Promise<IdleReading> {
    switch (check) {
      case 'cpu':
        return this.#cpu(server, followed);
      case 'connections':
        return connections(followed.target, use);
      case 'http':
        return await this.#http(followed);
    }
  }

  /** CPU time over the whole span since the last measuring, so that no burst between two looks is missed. */
  #cpu(server: string, followed: Followed): IdleReading {
    const usage = this.#options.sampler.usage(server);
    const before = followed.cpu;
    if (usage?.cpuUserSeconds === undefined || usage.cpuSystemSeconds === undefined) {
      followed.cpu = undefined;
      return 'unknown';
    }
    const now = { seconds: usage.cpuUserSeconds + usage.cpuSystemSeconds, atMs: usage.sampledAtMs };
    if (before !== undefined && now.atMs <= before.atMs) {
      return this.#options.clock.monotonicMs() - now.atMs > SAMPLE_LATE_MS ? 'unknown' : before.reading;
    }
    const reading = cpuReading(before, now, followed.target.cpuCores);
    followed.cpu = { ...now, reading };
    return reading;
  }

  /** Quiet where it says the same as the last time: no clock of ours or of Jupyter's has a part in it. */
  async #http(followed: Followed): Promise<IdleReading> {
    const { port, jupyter } = followed.target;
    if (port === undefined || !this.#isOwn(port, followed.target)) return 'unknown';
    const before = followed.lastActivity;
    const now = await this.#options.askJupyter(port, jupyter);
    followed.lastActivity = now;
    if (now === undefined || before === undefined) return 'unknown';
    return now === before ? 'quiet' : 'used';
  }

  /** Whoever else listens there would be told the server's token. */
  #isOwn(port: number, { owner }: IdleTarget): boolean {
    const { portHolders, processOwner } = this.#options;
    try {
      const uid = owner.kind === 'account' ? owner.uid : processOwner(owner.pid);
      const holders = portHolders(port);
      return holders.length > 0 && holders.every((holder) => holder === uid);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'cannot read who listens; servers asked by http count as used');
      return false;
    }
  }

  /** Ports with the connections that last; undefined where they can't be read or nobody asks for them. */
  async #lastingUse(): Promise<ReadonlyMap<number, PortUse> | undefined> {
    const { clock, log, readPortUse } = this.#options;
    const asked = [...this.#servers.values()].filter(({ target }) => target.checks.includes('connections'));
    if (asked.length === 0) return undefined;
    try {
      const first = await readPortUse();
      const isAnyUsed = asked.some(({ target: { port } }) => port !== undefined && first.get(port)?.peers.size);
      if (!isAnyUsed) return first;
      await new Promise<void>((resolve) => clock.after(CONNECTION_HOLD_MS, resolve));
      const second = await readPortUse();
      const lasting = ({ isListening, peers }: PortUse, port: number): PortUse => ({
        isListening,
        peers: new Set([...peers].filter((peer) => first.get(port)?.peers.has(peer) === true)),
      });
      return new Map([...second].map(([port, use]) => [port, lasting(use, port)]));
    } catch (error) {
      log.warn({ err: error }, 'cannot read the connections of this host; servers asked for them count as used');
      return undefined;
    }
  }
}

/** A port that nobody listens on here is one of another network, or not open yet: nothing is known of it. */
function connections({ port }: IdleTarget, use: ReadonlyMap<number, PortUse> | undefined): IdleReading {
  const own = port === undefined ? undefined : use?.get(port);
  if (own === undefined || !own.isListening) return 'unknown';
  return own.peers.size > 0 ? 'used' : 'quiet';
}

function cpuReading(before: CpuTime | undefined, now: CpuTime, idleBelowCores: number): IdleReading {
  if (before === undefined || now.seconds < before.seconds) return 'unknown';
  const cores = ((now.seconds - before.seconds) * 1000) / (now.atMs - before.atMs);
  return cores < idleBelowCores ? 'quiet' : 'used';
}

/** Whether anybody might do something else for it: nobody cares for each second of a long idleness. */
function isNews(before: IdleVerdict | undefined, { kind, idleMs }: IdleVerdict, target: IdleTarget): boolean {
  if (kind !== before?.kind) return true;
  if (kind !== 'idle') return false;
  return idleMs >= target.tellAfterMs || (before.idleMs < target.tellAtMs && idleMs >= target.tellAtMs);
}
