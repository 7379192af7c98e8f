/**
 * Keeps the slices of pools: limits as the configuration has them, guarantees as the servers in them need them.
 *
 * It only ever sets properties: systemd makes a slice with its first service, and a stop of one would kill what runs in it.
 * Level-based like all of the loop: every look reads or remembers what is there, and sets what differs.
 */
import type { Pools } from '../spec/pool.ts';
import { diffLive } from '../units/diff.ts';
import { compilePool, type HostFacts, poolOfControlGroup, poolSlice, releasedPool } from '../units/pool.ts';
import { planPoolResize, propertyText } from '../units/poolResize.ts';
import type { UnitProperty } from '../units/types.ts';
import { messageOf } from './effects.ts';
import type { PoolMember } from './poolMembers.ts';
import type { LoopPorts } from './ports.ts';

export interface PoolKeeperOptions {
  readonly ports: LoopPorts;
  /** The pools that the configuration has now. */
  readonly pools: () => Pools;
  /** Nothing is set. */
  readonly isDryRun: boolean;
}

/** What is known of one pool's slice. */
interface PoolState {
  readonly members: Map<string, PoolMember>;
  /** As systemd reported it last; undefined: not read, or something may have changed it since. */
  live: Readonly<Record<string, unknown>> | undefined;
  /** Control group of the slice as last seen; empty: it isn't active. */
  controlGroup: string;
  /** Wished values that it was seen to have, by property: what differs from one of these was changed by somebody else. */
  readonly inForce: Map<string, string>;
  /** Limits that wait for room. */
  deferred: string | undefined;
  cancelRetry: () => void;
  /** The look under way, and the one after it that all who come meanwhile share. */
  running: Promise<string | undefined> | undefined;
  next: Promise<string | undefined> | undefined;
  isNextWhole: boolean;
}

type Look = 'growing' | 'all';

const DEFERRED_RETRY_MS = 30_000;

export class PoolKeeper {
  readonly #options: PoolKeeperOptions;
  readonly #ports: LoopPorts;
  readonly #states = new Map<string, PoolState>();
  readonly #poolOf = new Map<string, string>();
  #host: HostFacts;
  #isEveryServerKnown = false;
  #isStopped = false;

  constructor(options: PoolKeeperOptions) {
    this.#options = options;
    this.#ports = options.ports;
    this.#host = options.ports.hostFacts();
    for (const pool of options.ports.poolStore.pools) this.#state(pool);
  }

  /** Pools that are configured or have servers, sorted by name. */
  names(): readonly string[] {
    const used = [...this.#states].filter(([, { members }]) => members.size > 0).map(([pool]) => pool);
    return [...new Set([...this.#options.pools().keys(), ...used])].sort();
  }

  /** Takes note of where a server is; undefined: in no pool. What follows for the pool is done in the background. */
  note(server: string, member: PoolMember | undefined): void {
    const before = this.#poolOf.get(server);
    if (before !== undefined && before !== member?.pool) this.#leave(server, before);
    if (member === undefined) return;
    const { pool, sliceGroup } = member;
    const state = this.#state(pool);
    const known = state.members.get(server);
    state.members.set(server, member);
    this.#poolOf.set(server, pool);
    if (sliceGroup !== undefined) this.#follow(pool, state, sliceGroup);
    if (known?.guaranteeBytes !== member.guaranteeBytes) this.#lookLater(pool);
  }

  /**
   * Before a start in a pool, or a change of a server in one: has the slice as it should be, so that the server finds it so.
   *
   * Resolves to what keeps it from that, for a person; undefined: nothing. Costs no call where nothing differs.
   */
  async ensure(pool: string | undefined): Promise<string | undefined> {
    if (pool === undefined) return undefined;
    return this.#isAsWished(pool) ? undefined : await this.#look(pool);
  }

  /** Reads every pool anew and sets what differs. Never throws: what failed is told and tried again at the next call. */
  async lookAtAll(look: Look = 'all'): Promise<void> {
    this.#host = this.#ports.hostFacts();
    const pools = new Set([...this.#options.pools().keys(), ...this.#states.keys()]);
    for (const pool of pools) this.#state(pool).live = undefined;
    await Promise.all([...pools].map((pool) => this.#look(pool, look)));
  }

  /** Every server known has been looked at: from now on guarantees shrink, and pools that nobody uses are released. */
  async serversKnown(): Promise<void> {
    this.#isEveryServerKnown = true;
    await Promise.all([...this.#states.keys()].map((pool) => this.#look(pool)));
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const state of this.#states.values()) state.cancelRetry();
    await Promise.all([...this.#states.values()].flatMap(({ running, next }) => [running, next]));
  }

  #leave(server: string, pool: string): void {
    this.#poolOf.delete(server);
    const state = this.#states.get(pool);
    const member = state?.members.get(server);
    state?.members.delete(server);
    const isLast = state?.members.size === 0 && !this.#options.pools().has(pool);
    if (isLast || (member?.guaranteeBytes ?? 0) > 0) this.#lookLater(pool);
  }

  #state(pool: string): PoolState {
    const known = this.#states.get(pool);
    if (known !== undefined) return known;
    const state: PoolState = {
      members: new Map(),
      live: undefined,
      controlGroup: '',
      inForce: new Map(),
      deferred: undefined,
      cancelRetry: () => undefined,
      running: undefined,
      next: undefined,
      isNextWhole: false,
    };
    this.#states.set(pool, state);
    return state;
  }

  #lookLater(pool: string): void {
    if (this.#isAsWished(pool)) return;
    void this.#look(pool);
  }

  /** Whether a look would change nothing, as far as is known without asking. */
  #isAsWished(pool: string): boolean {
    const state = this.#state(pool);
    const wanted = this.#wanted(pool);
    if (state.running !== undefined || state.live === undefined || wanted === undefined) return false;
    return this.#options.pools().has(pool) && diffLive(wanted, state.live).length === 0;
  }

  /** One look at a time; whoever asks while one is under way shares the one after it. Never rejects. */
  #look(pool: string, look: Look = 'all'): Promise<string | undefined> {
    const state = this.#state(pool);
    if (state.running !== undefined) {
      state.isNextWhole ||= look === 'all';
      state.next ??= state.running.then(() => {
        const isWhole = state.isNextWhole;
        state.next = undefined;
        state.isNextWhole = false;
        return this.#look(pool, isWhole ? 'all' : 'growing');
      });
      return state.next;
    }
    return this.#begin(pool, state, look);
  }

  #begin(pool: string, state: PoolState, look: Look): Promise<string | undefined> {
    const running = this.#lookNow(pool, state, look).finally(() => {
      if (state.running === running) state.running = undefined;
    });
    state.running = running;
    return running;
  }

  async #lookNow(pool: string, state: PoolState, look: Look): Promise<string | undefined> {
    const { systemd, log } = this.#ports;
    if (this.#isStopped || !systemd.isConnected()) return `pool ${pool}: no connection to systemd`;
    try {
      await this.#adjust(pool, state, look);
      return undefined;
    } catch (error) {
      state.live = undefined;
      log.warn({ reason: messageOf(error), unit: poolSlice(pool) }, 'limits of a pool could not be set');
      return `pool ${pool}: its limits could not be set: ${messageOf(error)}`;
    }
  }

  async #adjust(pool: string, state: PoolState, look: Look): Promise<void> {
    const { systemd, poolStore, instruments } = this.#ports;
    const slice = poolSlice(pool);
    state.live ??= await this.#read(pool, state);
    const wanted = this.#wanted(pool);
    // Not configured any more, but still in use: it stays as it is until its last server leaves.
    if (wanted === undefined) return;
    if (this.#isReleased(pool) && !poolStore.pools.has(pool)) {
      this.#forget(pool, state);
      return;
    }
    const { apply, deferred } = this.#plan(pool, state, wanted, state.live, look);
    this.#noteDeferred(pool, state, deferred?.message);
    if (apply.length > 0 && !this.#options.isDryRun) {
      poolStore.add(pool);
      state.live = undefined;
      try {
        await systemd.setUnitProperties(slice, apply);
        instruments.acted('setLimits', 'success');
      } catch (error) {
        instruments.acted('setLimits', 'error');
        throw error;
      }
      this.#tell(pool, state, apply);
      state.live = await this.#read(pool, state);
    }
    const waiting = new Set(deferred?.properties.map(({ name }) => name));
    if (look === 'all')
      for (const one of wanted) if (!waiting.has(one.name)) state.inForce.set(one.name, propertyText(one));
    if (deferred === undefined && this.#isReleased(pool)) this.#forget(pool, state);
  }

  async #read(pool: string, state: PoolState): Promise<Readonly<Record<string, unknown>>> {
    const { live, controlGroup } = await this.#ports.systemd.readSlice(poolSlice(pool));
    this.#follow(pool, state, controlGroup);
    return live;
  }

  #follow(pool: string, state: PoolState, controlGroup: string): void {
    const { poolSampler } = this.#ports;
    if (controlGroup === state.controlGroup) return;
    state.controlGroup = controlGroup;
    // A slice that was there before the controller counts from now on, as servers do that are adopted.
    if (controlGroup === '') poolSampler.unfollow(pool);
    else poolSampler.follow(pool, controlGroup, controlGroup, !this.#isEveryServerKnown);
  }

  #plan(
    pool: string,
    state: PoolState,
    wanted: readonly UnitProperty[],
    live: Readonly<Record<string, unknown>>,
    look: Look,
  ) {
    return planPoolResize({
      pool,
      wanted,
      live,
      workingSetBytes: this.#workingSetBytes(pool, state),
      isGrowingOnly: look === 'growing',
      isEveryServerKnown: this.#isEveryServerKnown,
    });
  }

  /** Undefined: nothing is wished, since it is no pool of the configuration and still has servers. */
  #wanted(pool: string): readonly UnitProperty[] | undefined {
    const configured = this.#options.pools().get(pool);
    if (configured === undefined) return this.#isUsed(pool) ? undefined : releasedPool();
    const guarantees = [...this.#state(pool).members.values()].map((member) => member.guaranteeBytes);
    return compilePool(configured, this.#host, guarantees);
  }

  #isReleased(pool: string): boolean {
    return !this.#options.pools().has(pool) && !this.#isUsed(pool);
  }

  /** Also by units that are none of ours. */
  #isUsed(pool: string): boolean {
    if (!this.#isEveryServerKnown || this.#state(pool).members.size > 0) return true;
    const { systemd } = this.#ports;
    return systemd.loadedUnits().some((unit) => poolOfControlGroup(systemd.unit(unit)?.controlGroup ?? '') === pool);
  }

  /** What its servers use now; 0 where it has none, undefined where it can't be read. */
  #workingSetBytes(pool: string, state: PoolState): number | undefined {
    if (state.controlGroup === '') return 0;
    const usage = this.#ports.poolSampler.measure(pool);
    // Without any server nothing asks for the memory controller, and the slice has no such files.
    if (usage !== undefined) return usage.memoryWorkingSetBytes ?? 0;
    return this.#isUsed(pool) ? undefined : 0;
  }

  #forget(pool: string, state: PoolState): void {
    state.cancelRetry();
    this.#ports.poolSampler.forget(pool);
    this.#ports.poolStore.remove(pool);
    this.#states.delete(pool);
  }

  #noteDeferred(pool: string, state: PoolState, message: string | undefined): void {
    const { clock, events } = this.#ports;
    state.cancelRetry();
    if (message !== undefined) {
      if (state.deferred === undefined)
        events.record({ reason: 'ResizeDeferred', message: `pool ${pool}: ${message}` });
      state.cancelRetry = clock.after(DEFERRED_RETRY_MS, () => void this.#look(pool));
    }
    state.deferred = message;
  }

  /** The guarantee is told of by its servers' own events; but not where somebody else had changed it. */
  #tell(pool: string, state: PoolState, properties: readonly UnitProperty[]): void {
    const { events, instruments } = this.#ports;
    const isDrift = (one: UnitProperty) => state.inForce.get(one.name) === propertyText(one);
    const names = (of: readonly UnitProperty[]) => of.map(({ name }) => name).join(', ');
    const drifted = properties.filter(isDrift);
    const resized = properties.filter((one) => !isDrift(one) && one.name !== 'MemoryLow');
    for (const { name } of drifted) instruments.drifted(name);
    if (drifted.length > 0) {
      const message = `pool ${pool}: changed by somebody, set back on ${poolSlice(pool)}: ${names(drifted)}`;
      events.record({ reason: 'DriftCorrected', message });
    }
    if (resized.length === 0) return;
    const what = this.#options.pools().has(pool) ? 'set' : 'no longer a pool, set back to none';
    events.record({ reason: 'Resized', message: `pool ${pool}: ${what} on ${poolSlice(pool)}: ${names(resized)}` });
  }
}
