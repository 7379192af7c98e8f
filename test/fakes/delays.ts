import { type DelayHistogram, LoopDelay } from '../../src/metrics/loopDelay.ts';
import { FakeClock } from './clock.ts';

/** A histogram of the event loop's delay that records what a test says, in milliseconds, and only while it is enabled. */
export class FakeDelays implements DelayHistogram {
  isEnabled = false;
  readonly stddev = 3e6;
  #milliseconds: number[] = [];

  record(...milliseconds: readonly number[]): void {
    if (this.isEnabled) this.#milliseconds.push(...milliseconds);
  }

  enable(): boolean {
    this.isEnabled = true;
    return true;
  }

  disable(): boolean {
    this.isEnabled = false;
    return true;
  }

  reset(): void {
    this.#milliseconds = [];
  }

  get count(): number {
    return this.#milliseconds.length;
  }

  get min(): number {
    return 1e6 * Math.min(...this.#milliseconds);
  }

  get max(): number {
    return 1e6 * Math.max(...this.#milliseconds);
  }

  get mean(): number {
    return (1e6 * this.#milliseconds.reduce((sum, one) => sum + one, 0)) / this.count;
  }

  percentile(rank: number): number {
    return 1e6 * (this.#milliseconds.toSorted((a, b) => a - b)[Math.ceil((rank / 100) * this.count) - 1] ?? 0);
  }
}

/** The delay of an event loop that was late once since it was scraped. */
export function measuredDelay(): LoopDelay {
  const delays = new FakeDelays();
  const delay = new LoopDelay(new FakeClock(), delays);
  delay.scraped();
  delays.record(120);
  return delay;
}
