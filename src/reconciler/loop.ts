/**
 * The loop: the only place that knows all others. It turns what happens anywhere into names that need a look, and looks.
 *
 * Level-based: an event carries a name, never what happened; lost or doubled events cost a look, never a wrong step. What no
 * event told of, a resync finds.
 */
import { unitName } from '../units/name.ts';
import { Admitter } from './admitter.ts';
import { Ends } from './ends.ts';
import { logFailedLook } from './failedLook.ts';
import { findOrphans, removeLeftovers } from './leftovers.ts';
import { Outage } from './outage.ts';
import { PoolKeeper } from './pools.ts';
import type { LoopPorts } from './ports.ts';
import { WorkQueue, type WorkResult } from './queue.ts';
import { Reconciler } from './reconcile.ts';
import { Rest } from './rest.ts';
import { Resync } from './resync.ts';
import { type Settlement, settlementOf } from './settled.ts';
import { wishOf } from './wish.ts';

/** In metrics, by what a look wants next: only one in which something failed wants to be repeated. */
const COUNTED_AS = { done: 'success', again: 'waiting', retry: 'error' } as const;

export interface LoopOptions {
  readonly ports: LoopPorts;
  readonly isDryRun: boolean;
  /** Something that the host's status shows may have changed. */
  readonly onHostChange: () => void;
}

export class ReconcileLoop {
  readonly ends: Ends;
  readonly pools: PoolKeeper;
  readonly #ports: LoopPorts;
  readonly #options: LoopOptions;
  readonly #queue: WorkQueue;
  readonly #admitter: Admitter;
  readonly #reconciler: Reconciler;
  readonly #rest: Rest;
  readonly #resync: Resync;
  readonly #outage: Outage;
  readonly #nameOf = new Map<string, string>();
  readonly #unsubscribe: (() => void)[] = [];
  #isHostStopping = false;

  constructor(options: LoopOptions) {
    const { ports } = options;
    this.#ports = ports;
    this.#options = options;
    const enqueue = (name: string) => this.#queue.add(name);
    this.ends = new Ends(ports, enqueue);
    this.#admitter = new Admitter(ports, enqueue);
    this.pools = new PoolKeeper({ ports, pools: () => ports.config.pools, isDryRun: options.isDryRun });
    this.#reconciler = new Reconciler({
      ports,
      pools: this.pools,
      admitter: this.#admitter,
      ends: this.ends,
      enqueue,
      enqueueFirst: (name) => this.#queue.add(name, 'first'),
      isEverySourceReady: () => ports.source.states().every((state) => state.isReady),
      busLostMs: () => this.busLostMs(),
      isDryRun: options.isDryRun,
    });
    this.#queue = new WorkQueue({
      clock: ports.clock,
      instruments: ports.instruments,
      concurrency: () => ports.config.reconcile.concurrency,
      random: ports.random,
      rank: (name) => this.#rank(name),
      work: (name) => this.#work(name),
    });
    this.#outage = new Outage(ports, () => this.lookAtAll());
    this.#rest = new Rest(ports, this.#admitter);
    this.#resync = new Resync({
      ports,
      pools: this.pools,
      limits: this.#reconciler.limits,
      rest: this.#rest,
      entries: this.entries,
      names: () => this.#names(),
      look: (name) => this.#look(name),
      lookAtOrphans: () => this.#lookAtOrphans(),
      isHostStopping: () => this.#isHostStopping,
    });
  }

  get entries(): Reconciler['entries'] {
    return this.#reconciler.entries;
  }

  /** How long the bus has been away; 0 while it is there. */
  busLostMs(): number {
    return this.#outage.lostMs();
  }

  queueDepth(): number {
    return this.#queue.depth();
  }

  /** How long work has waited without any being done, milliseconds; the watchdog asks. */
  stuckMs(): number {
    return this.#queue.stuckMs();
  }

  /**
   * Takes up work. Both the units and the directories have been listed before: nothing is stopped on half a picture.
   *
   * Resolves when every server known now has had its first look. @throws {SystemdError} units can't be listed
   */
  async start(): Promise<void> {
    const { source, systemd, prober, sampler } = this.#ports;
    this.#unsubscribe.push(
      source.on(
        (name) => this.#onSource(name),
        () => this.#queue.allAdded(),
      ),
      systemd.on((event) => {
        switch (event.kind) {
          case 'changed':
            this.#onUnit(event.unit);
            break;
          case 'connected':
            this.#onConnected();
            break;
          case 'disconnected':
            this.#onDisconnected(event.reason);
            break;
          case 'reloaded':
            void this.pools.lookAtAll();
            this.lookAtAll();
            break;
          case 'shutdown':
            this.#onShutdown();
            break;
          case 'shutdownCancelled':
            this.#onShutdownCancelled();
            break;
        }
      }),
      prober.on((name) => this.#queue.add(name)),
      sampler.on((name) => this.#queue.add(name)),
      this.#ports.idle.on((name) => this.#queue.add(name)),
      this.#ports.userManager?.on(() => this.lookAtAll()) ?? (() => undefined),
    );
    for (const name of source.names()) this.#admitter.note(name, source.record(name)?.spec);
    await systemd.relist();
    const { released } = this.#ports;
    const orphans = findOrphans(() => false, this.#ports);
    removeLeftovers(new Set([...source.names(), ...orphans, ...released.names]), this.#ports);
    await this.pools.lookAtAll('growing');
    this.lookAtAll();
    this.#resync.schedule();
    await this.#queue.idle();
    await this.pools.serversKnown();
  }

  async stop(): Promise<void> {
    this.#resync.stop();
    this.#outage.stop();
    this.#admitter.stop();
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#queue.stop();
    await this.pools.stop();
  }

  /** The configuration has other pools, or other limits of them: what grows does so before its servers are looked at, the rest after. */
  async lookAtPools(): Promise<void> {
    await this.pools.lookAtAll('growing');
    this.lookAtAll();
    await this.#queue.idle();
    await this.pools.lookAtAll();
  }

  /** For each server known now, whether it is where it stays; a file that may still be being written counts as one. */
  settlements(): readonly Settlement[] {
    const { source } = this.#ports;
    const states = source.states();
    const held = new Set(states.flatMap((state) => state.heldForPrune));
    const undecided = states.reduce((sum, state) => sum + (state.undecided ?? 0), 0);
    const settled = [...this.entries.values()].map((entry) => settlementOf(entry, source.record(entry.name), held));
    return [...settled, ...Array<Settlement>(undecided).fill('open')];
  }

  /** Resolves when no name waits for a look or has one; alarms may still be set. */
  async idle(): Promise<void> {
    await this.#queue.idle();
  }

  async #work(name: string): Promise<WorkResult> {
    if (this.#isHostStopping) return { kind: 'done' };
    const { clock, instruments, log } = this.#ports;
    const startMs = clock.monotonicMs();
    let result: WorkResult;
    try {
      result = await this.#reconciler.reconcile(name);
    } catch (error) {
      logFailedLook(log, name, error);
      result = { kind: 'retry' };
    }
    instruments.reconciled(COUNTED_AS[result.kind], (clock.monotonicMs() - startMs) / 1000);
    const entry = this.entries.get(name);
    if (entry !== undefined) this.#rest.note(entry, result);
    this.#options.onHostChange();
    if (entry !== undefined || this.#reconciler.hasLeft(name)) return result;
    // Deleted and written again meanwhile: the new file needs a look of its own.
    if (this.#ports.source.record(name) !== undefined) return { kind: 'again', afterMs: 0 };
    this.#nameOf.delete(unitName(name));
    return result;
  }

  /** What is wished up by its priority, what is to go the other way round: the most important starts first and stops last. */
  #rank(name: string): number {
    const record = this.#ports.source.record(name);
    const priority = record?.spec?.priority ?? 0;
    return wishOf(record, this.#ports.clock.wallMs(), false) === 'run' ? priority : -priority;
  }

  #onSource(name: string | undefined): void {
    this.#options.onHostChange();
    if (name === undefined) return;
    this.#admitter.note(name, this.#ports.source.record(name)?.spec);
    this.#look(name);
  }

  #onUnit(unit: string): void {
    const name = this.#nameOf.get(unit);
    if (name !== undefined && this.#reconciler.isNews(name)) this.#queue.add(name, 'now');
  }

  #onConnected(): void {
    if (!this.#outage.end()) return;
    void this.pools.lookAtAll();
    this.lookAtAll();
    this.#options.onHostChange();
  }

  #onDisconnected(reason: string): void {
    if (this.#outage.begin(reason)) this.#options.onHostChange();
  }

  /** From here on nothing is started and no end is taken for a failure: systemd stops everything itself. */
  #onShutdown(): void {
    if (this.#isHostStopping) return;
    this.#isHostStopping = true;
    this.#ports.log.info({}, 'the host is going down; servers are left to systemd');
  }

  #onShutdownCancelled(): void {
    this.#isHostStopping = false;
    this.#ports.log.info({}, 'the host is not going down after all');
    this.lookAtAll();
  }

  #look(name: string): void {
    this.#nameOf.set(unitName(name), name);
    this.#queue.add(name);
  }

  /** Asks for a look at every server, and at every unit of ours that no source asks for. */
  lookAtAll(): void {
    for (const name of this.#names()) this.#look(name);
    this.#lookAtOrphans();
  }

  #names(): ReadonlySet<string> {
    const { source, released } = this.#ports;
    return new Set([...source.names(), ...this.entries.keys(), ...released.names]);
  }

  #lookAtOrphans(): void {
    for (const name of findOrphans((unit) => this.#nameOf.has(unit), this.#ports)) {
      const message = `${unitName(name)} runs, but no spec asks for it`;
      this.#ports.events.record({ server: name, reason: 'Orphaned', message });
      this.#look(name);
    }
  }
}
