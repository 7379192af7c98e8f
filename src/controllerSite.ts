/** Joins the pages for people to one controller: what they show, and the usage of the past hour that is kept for them. */
import { hostname } from 'node:os';
import type { Instruments, MetricsSnapshot } from './metrics/types.ts';
import { createSite, type Site } from './page/site.ts';
import type { ReconcileLoop } from './reconciler/loop.ts';
import { pageSnapshot } from './reconciler/pageView.ts';
import type { LoopPorts } from './reconciler/ports.ts';
import { UsageRecorder } from './reconciler/usageRecorder.ts';

export interface ControllerSite {
  readonly site: Site;
  /** At the end of each pass of the sampler. */
  sampled(): void;
}

/** Memory and CPUs of the host change seldom, and asking reads files. */
const HOST_FRESH_MS = 60_000;

/** @throws {NodeJS.ErrnoException} where the page's own files are not there */
export function createControllerSite(
  ports: LoopPorts,
  loop: ReconcileLoop,
  about: { readonly version: string; readonly metrics: () => MetricsSnapshot },
): ControllerSite {
  const { clock, log } = ports;
  const usage = new UsageRecorder();
  let host = { readMs: Number.NEGATIVE_INFINITY, memoryBytes: 0, cpuCount: 1 };
  const hostResources = () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - host.readMs >= HOST_FRESH_MS) host = { ...host, ...readHost(ports), readMs: nowMs };
    return { memoryBytes: host.memoryBytes, cpuCount: host.cpuCount };
  };
  const site = createSite({
    clock,
    log,
    snapshot: () =>
      pageSnapshot(ports, {
        metrics: about.metrics(),
        entries: loop.entries,
        usage,
        host: { name: hostname(), version: about.version, ...hostResources() },
      }),
  });
  return {
    site,
    sampled() {
      const { sampler, poolSampler } = ports;
      usage.take(
        { names: loop.entries.keys(), gauges: (name) => sampler.gauges(name) },
        { names: loop.pools.names(), gauges: (name) => poolSampler.gauges(name) },
        clock.monotonicMs(),
      );
    },
  };
}

/** Nothing where it can't be read now (no file descriptor is left, say): what was known stays. */
function readHost({ hostFacts, log }: LoopPorts): ReturnType<LoopPorts['hostFacts']> | undefined {
  try {
    return hostFacts();
  } catch (error) {
    log.warn({ err: error }, 'memory and CPUs of the host could not be read, the page shows the last reading');
    return undefined;
  }
}

/** The same instruments, with somebody else who wants to know that a pass of the sampler is over. */
export function alsoTell(instruments: Instruments, sampled: () => void): Instruments {
  return {
    ...instruments,
    sampled(seconds) {
      instruments.sampled(seconds);
      sampled();
    },
  };
}
