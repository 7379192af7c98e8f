import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../clock.ts';
import type { MetricFamily } from './exposition.ts';

/** How often it is measured. The 10 ms that prom-client takes by itself cost more CPU than all else that a scrape each second does. */
const RESOLUTION_MS = 100;

/** Nobody scrapes any more when nobody did for so long. */
const UNSCRAPED_MS = 120_000;

/** What it is measured with: a timer of libuv's own, which wakes the process each time. */
export type DelayHistogram = Pick<
  ReturnType<typeof monitorEventLoopDelay>,
  'enable' | 'disable' | 'reset' | 'count' | 'min' | 'max' | 'mean' | 'stddev' | 'percentile'
>;

/** Names and help are those of prom-client, whose own timer can't be stopped. */
const FIGURES: readonly (readonly [name: string, help: string, nanoseconds: (delays: DelayHistogram) => number])[] = [
  ['min', 'The minimum recorded event loop delay.', (delays) => late(delays.min)],
  ['max', 'The maximum recorded event loop delay.', (delays) => late(delays.max)],
  ['mean', 'The mean of the recorded event loop delays.', (delays) => late(delays.mean)],
  ['stddev', 'The standard deviation of the recorded event loop delays.', (delays) => delays.stddev],
  ['p50', 'The 50th percentile of the recorded event loop delays.', (delays) => late(delays.percentile(50))],
  ['p90', 'The 90th percentile of the recorded event loop delays.', (delays) => late(delays.percentile(90))],
  ['p99', 'The 99th percentile of the recorded event loop delays.', (delays) => late(delays.percentile(99))],
];

/**
 * How late the event loop was between two scrapes. Measured only while somebody scrapes: ten times a second it costs an idle
 * controller a tenth of a percent of a processor, a fifth of all that it takes.
 */
export class LoopDelay {
  readonly #clock: Clock;
  readonly #delays: DelayHistogram;
  #families: readonly MetricFamily[] = [];
  #isMeasuring = false;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, delays: DelayHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })) {
    this.#clock = clock;
    this.#delays = delays;
  }

  /**
   * For one scrape: `nodejs_eventloop_lag_*_seconds` since the scrape before; of a loop that is never late, about 0. None at the
   * first scrape after a while without; what the scrape before showed where the loop was not measured since.
   */
  scraped(): readonly MetricFamily[] {
    this.#cancel();
    this.#cancel = this.#clock.after(UNSCRAPED_MS, () => this.stop());
    if (this.#delays.count > 0) this.#families = familiesOf(this.#delays);
    // Where it stood still, the time until it is measured again is no delay.
    this.#delays.reset();
    if (!this.#isMeasuring) this.#delays.enable();
    this.#isMeasuring = true;
    return this.#families;
  }

  /** Measures no more until the next scrape. */
  stop(): void {
    this.#cancel();
    this.#delays.disable();
    this.#delays.reset();
    this.#isMeasuring = false;
    this.#families = [];
  }
}

function familiesOf(delays: DelayHistogram): readonly MetricFamily[] {
  return FIGURES.map(([name, help, nanoseconds]) => ({
    name: `nodejs_eventloop_lag_${name}_seconds`,
    type: 'gauge',
    help,
    samples: [{ labels: '', value: nanoseconds(delays) / 1e9 }],
  }));
}

/** The histogram holds from one measuring to the next, whose pause is no delay. */
function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds - RESOLUTION_MS * 1e6);
}
