/** Goes over everything again now and then, so that what no event told of heals too. */
import { messageOf } from './effects.ts';
import type { ServerEntry } from './entry.ts';
import type { LimitKeeper } from './limits.ts';
import type { PoolKeeper } from './pools.ts';
import type { LoopPorts } from './ports.ts';
import type { Rest } from './rest.ts';
import { Slices } from './slices.ts';

export interface ResyncOptions {
  readonly ports: LoopPorts;
  readonly pools: Pick<PoolKeeper, 'lookAtAll'>;
  readonly limits: Pick<LimitKeeper, 'isSuspect' | 'recheck'>;
  readonly rest: Pick<Rest, 'isAtRest'>;
  readonly entries: ReadonlyMap<string, ServerEntry>;
  /** Every name there is, by sources or by what was seen of it. */
  readonly names: () => Iterable<string>;
  readonly look: (name: string) => void;
  /** After all names. */
  readonly lookAtOrphans: () => void;
  readonly isHostStopping: () => boolean;
}

/** How long a resync may hold the event loop at a time; what is done for one server is never cut. */
const SLICE_MS = 5;

export class Resync {
  readonly #options: ResyncOptions;
  #isStopped = false;
  #cancel: () => void = () => undefined;

  constructor(options: ResyncOptions) {
    this.#options = options;
  }

  /** Has the first one after the configured time, and each other after the one before is over. */
  schedule(): void {
    const { clock, config, random } = this.#options.ports;
    const pauseMs = config.reconcile.resyncMs * (0.9 + 0.2 * random());
    this.#cancel = clock.after(pauseMs, () => {
      void this.#run().finally(() => {
        if (!this.#isStopped) this.schedule();
      });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** One listing, and a question to systemd only where the kernel's limits differ from what it said. */
  async #run(): Promise<void> {
    const { ports, pools, isHostStopping, lookAtOrphans } = this.#options;
    const { systemd, log } = ports;
    if (!systemd.isConnected() || isHostStopping()) return;
    try {
      await systemd.relist();
      await pools.lookAtAll();
      await this.#compareAll();
      lookAtOrphans();
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'resync failed and will be repeated');
    }
  }

  async #compareAll(): Promise<void> {
    const { ports, entries, limits, rest, names, look } = this.#options;
    const { clock, statusFiles, instruments } = ports;
    // A file that somebody removed comes back with a look.
    const told = new Set(statusFiles.names());
    const slices = new Slices(clock, SLICE_MS);
    for (const name of names()) {
      const pause = slices.pause();
      if (pause !== undefined) await pause;
      if (this.#isStopped) return;
      const entry = entries.get(name);
      if (entry !== undefined && limits.isSuspect(entry)) await limits.recheck(entry);
      // That is a look, too, and counts as one.
      if (entry !== undefined && told.has(name) && rest.isAtRest(entry)) instruments.reconciled('success', 0);
      else look(name);
    }
  }
}
