import type { Gauges } from '../cgroup/types.ts';
import { amountOf, type UsageAmount, UsageHistory } from '../page/history.ts';

/** What was used in the last hour, by servers, by pools and by all servers together. Takes note at each pass of the sampler. */
export class UsageRecorder {
  readonly servers = new UsageHistory();
  readonly pools = new UsageHistory();
  /** All servers together, under the empty key. */
  readonly host = new UsageHistory();
  #lastMs = Number.NEGATIVE_INFINITY;

  /**
   * @param servers last samples of all there are; those older than the pass before say nothing of now
   * @param nowMs monotonic
   */
  take(
    servers: Iterable<readonly [name: string, usage: Gauges | undefined]>,
    pools: Iterable<readonly [name: string, usage: Gauges | undefined]>,
    nowMs: number,
  ): void {
    const sinceMs = this.#lastMs;
    this.#lastMs = nowMs;
    const amounts = amountsOf(servers, sinceMs);
    this.servers.take(amounts, nowMs);
    this.pools.take(amountsOf(pools, sinceMs), nowMs);
    this.host.take(new Map([['', sumOf(amounts.values())]]), nowMs);
  }
}

function amountsOf(
  usages: Iterable<readonly [name: string, usage: Gauges | undefined]>,
  sinceMs: number,
): ReadonlyMap<string, UsageAmount> {
  const amounts = new Map<string, UsageAmount>();
  for (const [name, usage] of usages) amounts.set(name, amountOf(usage, sinceMs));
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
