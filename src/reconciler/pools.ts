/**
 * Keeps the slices of pools: limits as the configuration has them, guarantees as the servers in them need them.
 *
 * It only ever sets properties: systemd makes a slice with its first service, and a stop of one would kill what runs in it.
 * Level-based like all of the loop: every look reads or remembers what is there, and sets what differs.
 */
import type { Pools } from '../spec/pool.ts';
import type { HostFacts } from '../units/pool.ts';
import { messageOf } from './effects.ts';
import type { PoolMember } from './poolMembers.ts';
import { type PoolLook, PoolSlice } from './poolSlice.ts';
import type { LoopPorts } from './ports.ts';

export interface PoolKeeperOptions {
  readonly ports: LoopPorts;
  /** The pools that the configuration has now. */
  readonly pools: () => Pools;
  /** Nothing is set. */
  readonly isDryRun: boolean;
}

export class PoolKeeper {
  readonly #options: PoolKeeperOptions;
  readonly #slices = new Map<string, PoolSlice>();
  /** The pool that each server is in. */
  readonly #poolOf = new Map<string, string>();
  #host: HostFacts;
  #isEveryServerKnown = false;

  constructor(options: PoolKeeperOptions) {
    this.#options = options;
    this.#host = options.ports.hostFacts();
    for (const pool of options.ports.poolStore.pools) this.#slice(pool);
  }

  /** Pools that are configured or have servers, sorted by name. */
  names(): readonly string[] {
    const used = [...this.#slices].filter(([, { members }]) => members.size > 0).map(([pool]) => pool);
    return [...new Set([...this.#options.pools().keys(), ...used])].sort();
  }

  /** Takes note of where a server is; undefined: in no pool. What follows for the pool is done in the background. */
  note(server: string, member: PoolMember | undefined): void {
    const before = this.#poolOf.get(server);
    if (before !== undefined && before !== member?.pool) this.#leave(server, before);
    if (member === undefined) return;
    const slice = this.#slice(member.pool);
    const known = slice.members.get(server);
    slice.members.set(server, member);
    this.#poolOf.set(server, member.pool);
    if (member.sliceGroup !== undefined) slice.follow(member.sliceGroup);
    if (known?.guaranteeBytes !== member.guaranteeBytes && !slice.isAsWished()) void slice.look();
  }

  /**
   * Before a start in a pool, or a change of a server in one: has the slice as it should be, so that the server finds it so.
   *
   * Resolves to what keeps it from that, for a person; undefined: nothing. Costs no call where nothing differs.
   */
  async ensure(pool: string | undefined): Promise<string | undefined> {
    if (pool === undefined) return undefined;
    const slice = this.#slice(pool);
    return slice.isAsWished() ? undefined : await slice.look();
  }

  /** Reads every pool anew and sets what differs. Never rejects: what failed is told, and tried again at the next call. */
  async lookAtAll(look: PoolLook = 'all'): Promise<void> {
    const { pools } = this.#options;
    const names = new Set([...pools().keys(), ...this.#slices.keys()]);
    if (names.size === 0) return;
    this.#readHost();
    const slices = [...names].map((pool) => this.#slice(pool));
    for (const slice of slices) slice.distrust();
    await Promise.all(slices.map((slice) => slice.look(look)));
  }

  /** Every server known has been looked at: from now on guarantees shrink, and pools that nobody uses are released. */
  async serversKnown(): Promise<void> {
    this.#isEveryServerKnown = true;
    await Promise.all([...this.#slices.values()].map((slice) => slice.look()));
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    await Promise.all([...this.#slices.values()].map((slice) => slice.stop()));
  }

  /** Where it can't be read now (no file descriptor is left, say), what was known stays. */
  #readHost(): void {
    const { hostFacts, log } = this.#options.ports;
    try {
      this.#host = hostFacts();
    } catch (error) {
      log.warn(
        { reason: messageOf(error) },
        'memory and CPUs of the host could not be read, pools go by the last reading',
      );
    }
  }

  #leave(server: string, pool: string): void {
    this.#poolOf.delete(server);
    const slice = this.#slice(pool);
    const guaranteeBytes = slice.members.get(server)?.guaranteeBytes ?? 0;
    slice.members.delete(server);
    const isLast = slice.members.size === 0 && !this.#options.pools().has(pool);
    if (isLast || guaranteeBytes > 0) void slice.look();
  }

  #slice(pool: string): PoolSlice {
    const known = this.#slices.get(pool);
    if (known !== undefined) return known;
    const { ports, pools, isDryRun } = this.#options;
    const slice = new PoolSlice({
      ports,
      pool,
      isDryRun,
      configured: () => pools().get(pool),
      host: () => this.#host,
      isEveryServerKnown: () => this.#isEveryServerKnown,
      onReleased: () => {
        ports.poolSampler.forget(pool);
        this.#slices.delete(pool);
      },
    });
    this.#slices.set(pool, slice);
    return slice;
  }
}
