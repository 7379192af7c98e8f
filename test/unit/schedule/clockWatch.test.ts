import { beforeEach, describe, expect, it } from 'vitest';
import { type ClockJump, ClockWatch } from '../../../src/schedule/clockWatch.ts';
import { FakeClock } from '../../fakes/clock.ts';

const HOUR_MS = 3_600_000;
let clock: FakeClock;
let watch: ClockWatch;
let told: (ClockJump | undefined)[];

beforeEach(() => {
  clock = new FakeClock();
  watch = new ClockWatch(clock);
  told = [];
  watch.on((jump) => told.push(jump));
});

describe('the watch on the clock', () => {
  it('believes a clock that goes on, and one that is set right by a little', () => {
    watch.start();
    clock.advance(HOUR_MS);
    clock.stepWall(4 * 60_000);
    clock.advance(60_000);
    expect(watch.graceLeftMs()).toBe(0);
    expect(told).toEqual([]);
    watch.stop();
    expect(clock.timers()).toBe(0);
  });

  it.each([2 * HOUR_MS, -2 * HOUR_MS])('sees a jump by %i ms within seconds, and is at ease a minute later', (byMs) => {
    watch.start();
    clock.advance(7_000);
    clock.stepWall(byMs);
    clock.advance(5_000);
    expect(told).toEqual([{ byMs, atMs: clock.wallMs() - 2_000 }]);
    expect(watch.graceLeftMs()).toBe(58_000);
    clock.advance(60_000);
    expect(watch.graceLeftMs()).toBe(0);
    expect(told.at(-1)).toBeUndefined();
    expect(told).toHaveLength(2);
    watch.stop();
  });

  it('sees a jump before it answers, without a tick in between', () => {
    clock.stepWall(2 * HOUR_MS);
    expect(watch.graceLeftMs()).toBe(60_000);
    expect(watch.jump()).toMatchObject({ byMs: 2 * HOUR_MS });
  });

  it('begins the grace anew where the clock is set back meanwhile', () => {
    clock.stepWall(2 * HOUR_MS);
    expect(watch.graceLeftMs()).toBe(60_000);
    clock.advance(40_000);
    clock.stepWall(-2 * HOUR_MS);
    expect(watch.graceLeftMs()).toBe(60_000);
    expect(told).toHaveLength(2);
  });
});
