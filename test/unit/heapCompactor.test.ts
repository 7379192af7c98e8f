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
    return { clock, host, heap };
  };

  test('is compacted once it is over, and not again before the next', () => {
    const { clock, host, heap } = compactor();
    host.rssBytes = 150 * MIB;
    for (let second = 0; second < 30; second += 1) {
      for (let look = 0; look < 10; look += 1) heap.note();
      clock.advance(1_000);
    }
    expect(host.collections).toBe(0);

    heap.note();
    clock.advance(10_000);
    expect(host.collections).toBe(1);

    heap.note();
    host.rssBytes = 133 * MIB;
    clock.advance(60_000);
    expect(host.collections).toBe(1);

    heap.note();
    host.rssBytes = 134 * MIB;
    clock.advance(10_000);
    expect(host.collections).toBe(2);
  });

  test('is left alone where it has hardly grown', () => {
    const { clock, host, heap } = compactor();
    heap.note();
    host.rssBytes = 113 * MIB;
    clock.advance(60_000);

    expect(host.collections).toBe(0);
  });

  test.each([
    ['after the controller has stopped', { isThereAny: true, isStopped: true }],
    ['where Node can not be told to collect', { isThereAny: false, isStopped: false }],
  ])('leaves no timer %s', (_when, { isThereAny, isStopped }) => {
    const { clock, heap } = compactor({ isThereAny });
    heap.note();
    if (isStopped) heap.stop();

    expect(clock.timers()).toBe(0);
  });
});
