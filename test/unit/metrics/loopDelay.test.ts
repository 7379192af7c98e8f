import { describe, expect, test } from 'vitest';
import { LoopDelay } from '../../../src/metrics/loopDelay.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeDelays } from '../../fakes/delays.ts';
import { waitFor } from '../../machine/wait.ts';

function valuesOf(delay: LoopDelay): Readonly<Record<string, number>> {
  const figureOf = (name: string) => name.replace(/^nodejs_eventloop_lag_(\w+)_seconds$/, '$1');
  return Object.fromEntries(
    delay.scraped().map(({ name, samples }) => [figureOf(name), [...samples][0]?.value ?? Number.NaN]),
  );
}

describe('the delay of the event loop', () => {
  test('is what came on top of the pause between two measurings, since the scrape before', () => {
    const delays = new FakeDelays();
    const delay = new LoopDelay(new FakeClock(), delays);
    expect(valuesOf(delay)).toEqual({});

    delays.record(99, 100, 101, 700);
    const first = valuesOf(delay);
    delays.record(140);

    expect(first).toEqual({ min: 0, max: 0.6, mean: 0.15, stddev: 0.003, p50: 0, p90: 0.6, p99: 0.6 });
    expect(valuesOf(delay)).toMatchObject({ min: 0.04, max: 0.04 });
  });

  test('is measured from the first scrape on until nobody has scraped for two minutes', () => {
    const clock = new FakeClock();
    const delays = new FakeDelays();
    const delay = new LoopDelay(clock, delays);
    expect(delays.isEnabled).toBe(false);

    for (let scrape = 0; scrape < 3; scrape += 1) {
      delay.scraped();
      clock.advance(119_999);
      expect(delays.isEnabled).toBe(true);
    }
    delays.record(500);
    clock.advance(1);
    expect(delays.isEnabled).toBe(false);
    expect(clock.timers()).toBe(0);
    expect(valuesOf(delay)).toEqual({});
    expect(delays.isEnabled).toBe(true);
  });

  test('stays as last seen at a scrape right after another', () => {
    const delays = new FakeDelays();
    const delay = new LoopDelay(new FakeClock(), delays);
    delay.scraped();
    delays.record(150);

    const seen = valuesOf(delay);

    expect(valuesOf(delay)).toEqual(seen);
  });

  test('leaves no timer behind once it is stopped', () => {
    const clock = new FakeClock();
    const delays = new FakeDelays();
    const delay = new LoopDelay(clock, delays);
    delay.scraped();

    delay.stop();

    expect(clock.timers()).toBe(0);
    expect(delays.isEnabled).toBe(false);
  });

  test('is never the time in which it was not measured', async () => {
    const clock = new FakeClock();
    const delay = new LoopDelay(clock);
    // A scrape begins anew with the pause that is under way, so they must not come too close.
    const measured = () => waitFor('a measuring', () => delay.scraped().length > 0 && valuesOf(delay), 30_000, 500);
    await measured();
    clock.advance(120_000);
    await new Promise((resolve) => setTimeout(resolve, 1500));

    const againMs = performance.now();
    const { min = Number.NaN } = await measured();

    expect(1000 * min).toBeLessThan(performance.now() - againMs);
  });
});
