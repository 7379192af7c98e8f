import type { Gauges } from '../cgroup/types.ts';
import { amountOf, type UsageAmount, UsageHistory } from '../page/history.ts';

/** Things that are measured, and the last sample of each; undefined: none. */
export interface Measured {
  readonly names: Iterable<string>;
  readonly gauges: (name: string) => Gauges | undefined;
}

/** What was used in the last hour, by servers, by pools and by all servers together. Takes note at each pass of the sampler. */
export class UsageRecorder {
  readonly servers = new UsageHistory();
  readonly pools = new UsageHistory();
  /** All servers together, under the empty key. */
  readonly host = new UsageHistory();
  #lastMs = Number.NEGATIVE_INFINITY;

  /**
   * @param servers all there are; a sample older than the pass before says nothing of now
   * @param nowMs monotonic
   */
  take(servers: Measured, pools: Measured, nowMs: number): void {
    const sinceMs = this.#lastMs;
    this.#lastMs = nowMs;
    const amounts = amountsOf(servers, sinceMs);
    this.servers.take(amounts, nowMs);
    this.pools.take(amountsOf(pools, sinceMs), nowMs);
    this.host.take(new Map([['', sumOf(amounts.values())]]), nowMs);
  }
}

function amountsOf({ names, gauges }: Measured, sinceMs: number): ReadonlyMap<string, UsageAmount> {
  const amounts = new Map<string, UsageAmount>();
  for (const name of names) amounts.set(name, amountOf(gauges(name), sinceMs));
  return amounts;
}

function sumOf(amounts: Iterable<UsageAmount>): UsageAmount {
  let cpuCores = 0;
  let memoryBytes = 0;
  for (const amount of amounts) {
    cpuCores += amount.cpuCores ?? 0;
    memoryBytes += amount.memoryBytes ?? 0;
  }
  return { cpuCores, memoryBytes };
}
