import { describe, expect, test } from 'vitest';
import { HeapCompactor } from '../../src/heapCompactor.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeLog } from '../fakes/log.ts';

const MIB = 2 ** 20;

describe('the heap after a burst', () => {
  const compactor = ({ isThereAny = true } = {}) => {
    const clock = new FakeClock();
    const host = { rssBytes: 90 * MIB, collections: 0 };
    const heap = new HeapCompactor({
      clock,
      log: new FakeLog(),
      rssBytes: () => host.rssBytes,
      collect: isThereAny
        ? () => {
            host.collections += 1;
            host.rssBytes = 110 * MIB;
          }
        : undefined,
    });
    const look = (times: number) => {
      for (let look = 0; look < times; look += 1) heap.note();
    };
    const burst = () => {
      for (let second = 0; second < 20; second += 1) {
        look(60);
        clock.advance(1_000);
      }
    };
    return { clock, host, heap, look, burst };
  };

  test('is compacted once it is over, and not again before the next', () => {
    const { clock, host, look, burst } = compactor();
    host.rssBytes = 150 * MIB;
    burst();
    expect(host.collections).toBe(0);
    clock.advance(20_000);
    expect(host.collections).toBe(1);

    host.rssBytes = 150 * MIB;
    look(10);
    clock.advance(60_000);
    expect(host.collections).toBe(1);

    burst();
    clock.advance(20_000);
    expect(host.collections).toBe(2);
  });

  test('is left alone where it has hardly grown', () => {
    const { clock, host, burst } = compactor();
    host.rssBytes = 101 * MIB;
    burst();
    clock.advance(60_000);

    expect(host.collections).toBe(0);
    expect(clock.timers()).toBe(0);
  });

  test.each([
    ['after the controller has stopped', { isThereAny: true, isStopped: true }],
    ['where Node can not be told to collect', { isThereAny: false, isStopped: false }],
  ])('leaves no timer %s', (_when, { isThereAny, isStopped }) => {
    const { clock, heap, look } = compactor({ isThereAny });
    look(1);
    if (isStopped) heap.stop();

    expect(clock.timers()).toBe(0);
  });
});
