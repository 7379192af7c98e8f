import type { Pool } from '../spec/pool.ts';
import { diffLive, type LiveValues } from '../units/diff.ts';
import { compilePool, type HostFacts, poolOfControlGroup, poolSlice, releasedPool } from '../units/pool.ts';
import { planPoolResize } from '../units/poolResize.ts';
import type { UnitProperty } from '../units/types.ts';
import { messageOf } from './effects.ts';
import { PoolDrift } from './poolDrift.ts';
import type { PoolMember } from './poolMembers.ts';
import type { LoopPorts } from './ports.ts';

export interface PoolSliceOptions {
  readonly ports: LoopPorts;
  readonly pool: string;
  /** What the configuration has of it now; undefined: nothing. */
  readonly configured: () => Pool | undefined;
  readonly host: () => HostFacts;
  /** Whether every server of this host has been looked at; before, the slice may have more of them than are known. */
  readonly isEveryServerKnown: () => boolean;
  /** Nothing is set. */
  readonly isDryRun: boolean;
  /** It is no pool of the configuration, nothing runs in it, and none of its limits is ours any more. */
  readonly onReleased: () => void;
}

/** `growing`: only what gives its servers more. */
export type PoolLook = 'growing' | 'all';

const DEFERRED_RETRY_MS = 30_000;

/** The slice of one pool: what is known of it, and one look at it at a time. */
export class PoolSlice {
  readonly members = new Map<string, PoolMember>();
  readonly #options: PoolSliceOptions;
  readonly #ports: LoopPorts;
  /** As systemd reported it last; undefined: not read, or something may have changed it since. */
  #live: LiveValues | undefined;
  /** Control group of the slice as last seen; empty: it isn't active. */
  #controlGroup = '';
  readonly #drift: PoolDrift;
  /** Limits that wait for room, in words. */
  #deferred: string | undefined;
  #cancelRetry: () => void = () => undefined;
  /** The look under way, and the one after it that all who come meanwhile share. */
  #running: Promise<string | undefined> | undefined;
  #next: Promise<string | undefined> | undefined;
  #isNextWhole = false;
  #isStopped = false;

  constructor(options: PoolSliceOptions) {
    this.#options = options;
    this.#ports = options.ports;
    this.#drift = new PoolDrift(options.ports, poolSlice(options.pool));
  }

  /** Something may have changed it: the next look reads it first. */
  distrust(): void {
    this.#live = undefined;
  }

  /** Its usage is read from this control group from now on; empty: from none. */
  follow(controlGroup: string): void {
    const { poolSampler } = this.#ports;
    const { pool, isEveryServerKnown } = this.#options;
    if (controlGroup === this.#controlGroup) return;
    this.#controlGroup = controlGroup;
    // A slice that was there before the controller counts from now on, as servers do that are adopted.
    if (controlGroup === '') poolSampler.unfollow(pool);
    else poolSampler.follow(pool, controlGroup, controlGroup, !isEveryServerKnown());
  }

  /** Whether a look would change nothing, as far as is known without asking. */
  isAsWished(): boolean {
    if (this.#running !== undefined || this.#live === undefined || this.#options.configured() === undefined)
      return false;
    const wanted = this.#wanted();
    return wanted !== undefined && diffLive(wanted, this.#live).length === 0;
  }

  /**
   * Sets what differs; whoever asks while a look is under way shares the one after it. Never rejects.
   *
   * Resolves to what kept it from that, for a person; undefined: nothing.
   */
  look(look: PoolLook = 'all'): Promise<string | undefined> {
    if (this.#running === undefined) {
      const running = this.#lookNow(look).finally(() => {
        this.#running = undefined;
      });
      this.#running = running;
      return running;
    }
    this.#isNextWhole ||= look === 'all';
    this.#next ??= this.#running.then(() => {
      const isWhole = this.#isNextWhole;
      this.#next = undefined;
      this.#isNextWhole = false;
      return this.look(isWhole ? 'all' : 'growing');
    });
    return this.#next;
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry();
    await Promise.all([this.#running, this.#next]);
  }

  async #lookNow(look: PoolLook): Promise<string | undefined> {
    const { systemd, log } = this.#ports;
    const { pool } = this.#options;
    if (this.#isStopped || !systemd.isConnected()) return `pool ${pool}: no connection to systemd`;
    try {
      await this.#adjust(look);
      return undefined;
    } catch (error) {
      this.#live = undefined;
      log.warn({ reason: messageOf(error), unit: poolSlice(pool) }, 'limits of a pool could not be set');
      return `pool ${pool}: its limits could not be set: ${messageOf(error)}`;
    }
  }

  async #adjust(look: PoolLook): Promise<void> {
    const { pool, isDryRun } = this.#options;
    const { log } = this.#ports;
    const live = this.#live ?? (await this.#read());
    const wanted = this.#wanted();
    // Not configured any more, but still in use: it stays as it is until its last server leaves.
    if (wanted === undefined) return;
    if (this.#isReleased() && !this.#ports.poolStore.pools.has(pool)) {
      this.#release();
      return;
    }
    const { apply, deferred } = planPoolResize({
      pool,
      wanted,
      live,
      workingSetBytes: this.#workingSetBytes(),
      isGrowingOnly: look === 'growing',
      isEveryServerKnown: this.#options.isEveryServerKnown(),
    });
    this.#noteDeferred(deferred?.message);
    await this.#drift.look(diffLive(wanted, live));
    const corrected = apply.filter((property) => !this.#drift.isLeft(property));
    if (corrected.length > 0 && isDryRun) log.info({ unit: poolSlice(pool), action: 'setLimits' }, 'would act');
    else if (corrected.length > 0) await this.#set(corrected);
    const waiting = new Set(deferred?.properties.map(({ name }) => name));
    if (look === 'all') {
      for (const one of wanted) if (!waiting.has(one.name)) this.#drift.noteInForce(one);
    }
    if (deferred === undefined && this.#isReleased()) {
      this.#ports.poolStore.remove(pool);
      this.#release();
    }
  }

  /** From here on this object does nothing: a pool that comes back under the name has another. */
  #release(): void {
    this.#isStopped = true;
    this.#cancelRetry();
    this.#options.onReleased();
  }

  async #read(): Promise<LiveValues> {
    const { live, controlGroup } = await this.#ports.systemd.readSlice(poolSlice(this.#options.pool));
    this.follow(controlGroup);
    this.#live = live;
    return live;
  }

  async #set(properties: readonly UnitProperty[]): Promise<void> {
    const { systemd, poolStore, instruments } = this.#ports;
    const { pool } = this.#options;
    // Remembered first: after a kill nobody else would know that these limits are ours.
    poolStore.add(pool);
    this.#live = undefined;
    try {
      await systemd.setUnitProperties(poolSlice(pool), properties);
      instruments.acted('setLimits', 'success');
    } catch (error) {
      instruments.acted('setLimits', 'error');
      throw error;
    }
    this.#tell(properties);
    await this.#read();
  }

  /** Undefined: nothing is wished, since it is no pool of the configuration and still has servers. */
  #wanted(): readonly UnitProperty[] | undefined {
    const configured = this.#options.configured();
    if (configured === undefined) return this.#isUsed() ? undefined : releasedPool();
    const guarantees = [...this.members.values()].map((member) => member.guaranteeBytes);
    return compilePool(configured, this.#options.host(), guarantees);
  }

  #isReleased(): boolean {
    return this.#options.configured() === undefined && !this.#isUsed();
  }

  /** Also by units that are none of ours. */
  #isUsed(): boolean {
    const { pool, isEveryServerKnown } = this.#options;
    if (!isEveryServerKnown() || this.members.size > 0) return true;
    const { systemd } = this.#ports;
    return systemd.loadedUnits().some((unit) => poolOfControlGroup(systemd.unit(unit)?.controlGroup ?? '') === pool);
  }

  /** What its servers use now; 0 where it has none, undefined where it can't be read. */
  #workingSetBytes(): number | undefined {
    if (this.#controlGroup === '') return 0;
    const usage = this.#ports.poolSampler.measure(this.#options.pool);
    // Without any server nothing asks for the memory controller, and the slice has no such files.
    if (usage !== undefined) return usage.memoryWorkingSetBytes ?? 0;
    return this.#isUsed() ? undefined : 0;
  }

  #noteDeferred(message: string | undefined): void {
    const { clock, events } = this.#ports;
    this.#cancelRetry();
    if (message !== undefined) {
      const told = `pool ${this.#options.pool}: ${message}`;
      if (this.#deferred === undefined) events.record({ reason: 'ResizeDeferred', message: told });
      this.#cancelRetry = clock.after(DEFERRED_RETRY_MS, () => void this.look());
    }
    this.#deferred = message;
  }

  /** Of the guarantee its servers' own events tell; but not where somebody else had changed it. */
  #tell(properties: readonly UnitProperty[]): void {
    const { events, instruments } = this.#ports;
    const { pool, configured } = this.#options;
    const slice = poolSlice(pool);
    const names = (of: readonly UnitProperty[]) => of.map(({ name }) => name).join(', ');
    const drifted = properties.filter((one) => this.#drift.isDrift(one));
    const resized = properties.filter((one) => !this.#drift.isDrift(one) && one.name !== 'MemoryLow');
    for (const { name } of drifted) instruments.drifted(name);
    if (drifted.length > 0) {
      const flapping = this.#drift.noteCorrected(drifted).join(', ');
      const more = flapping === '' ? '' : `; ${flapping} keeps being changed and is set back every 5 min from now on`;
      const message = `pool ${pool}: changed by somebody, set back on ${slice}: ${names(drifted)}${more}`;
      events.record({ reason: 'DriftCorrected', message });
    }
    if (resized.length === 0) return;
    const what = configured() === undefined ? 'no longer a pool, set back to none' : 'set';
    events.record({ reason: 'Resized', message: `pool ${pool}: ${what} on ${slice}: ${names(resized)}` });
  }
}
