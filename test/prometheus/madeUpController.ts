import { createSystemClock } from '../../src/clock.ts';
import { createHttpServer } from '../../src/metrics/http.ts';
import { LoopDelay } from '../../src/metrics/loopDelay.ts';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';
import type { Instruments, MetricsSnapshot } from '../../src/metrics/types.ts';
import { FakeLog } from '../fakes/log.ts';
import { noSite } from '../fakes/site.ts';

/** hublet's registry and HTTP server, over a state that a test makes up. */
export interface MadeUpController {
  readonly instruments: Instruments;
  /** On 127.0.0.1. */
  readonly port: number;
  stop(): Promise<void>;
}

/** @param snapshot asked at each scrape, which is at level full */
export async function startMadeUpController(snapshot: () => MetricsSnapshot): Promise<MadeUpController> {
  const build = { version: '0.1.0', nodeVersion: process.version };
  const clock = createSystemClock();
  const loopDelay = new LoopDelay(clock);
  const registry = createMetricsRegistry({ build, level: () => 'full', snapshot, loopDelay });
  const http = createHttpServer({
    render: (format) => registry.render(format),
    readiness: [],
    liveness: [],
    site: noSite(),
    clock,
    log: new FakeLog(),
  });
  const listening = await http.start('127.0.0.1:0');
  if (listening.kind === 'failed') throw new Error(listening.message);
  return {
    instruments: registry.instruments,
    port: Number(listening.address.split(':').at(-1)),
    stop() {
      loopDelay.stop();
      return http.stop();
    },
  };
}
