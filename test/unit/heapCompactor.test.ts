import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { collectGarbage, HeapCompactor } from '../../src/heapCompactor.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeLog } from '../fakes/log.ts';

const MIB = 2 ** 20;

describe('the heap after a burst', () => {
  const compactor = () => {
    const clock = new FakeClock();
    const host = { rssBytes: 90 * MIB, collections: 0, isSparing: false };
    const heap = new HeapCompactor({
      clock,
      log: new FakeLog(),
      rssBytes: () => host.rssBytes,
      collect: () => {
        host.collections += 1;
        host.rssBytes = 110 * MIB;
      },
      beSparing: (isSparing) => {
        host.isSparing = isSparing;
      },
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

  test('is compacted after two hundred starts with three looks each, and not after fifty', () => {
    const { clock, host, look } = compactor();
    host.rssBytes = 150 * MIB;
    look(150);
    clock.advance(20_000);
    expect(host.collections).toBe(0);

    look(600);
    clock.advance(20_000);
    expect(host.collections).toBe(1);
  });

  test('is left alone where it has hardly grown', () => {
    const { clock, host, burst } = compactor();
    host.rssBytes = 101 * MIB;
    burst();
    clock.advance(60_000);

    expect(host.collections).toBe(0);
    expect(clock.timers()).toBe(0);
  });

  test('grows little while all is quiet, and as V8 has it in a burst', () => {
    const { clock, host, look, burst } = compactor();
    burst();
    expect(host.isSparing).toBe(false);
    clock.advance(20_000);
    expect(host.isSparing).toBe(true);

    look(50);
    expect(host.isSparing).toBe(true);
    look(1);
    expect(host.isSparing).toBe(false);
    clock.advance(20_000);
    expect(host.isSparing).toBe(true);
  });

  test('leaves no timer after the controller has stopped', () => {
    const { clock, heap, look } = compactor();
    look(1);
    heap.stop();

    expect(clock.timers()).toBe(0);
  });
});

test('what nobody holds is collected, with no flag of the command line', async () => {
  const held = { bytes: new Uint8Array(MIB) };
  const refs = [new WeakRef(held), new WeakRef({ bytes: new Uint8Array(MIB) })];
  // Until the next turn of the event loop a new WeakRef holds what it is of.
  await setImmediate();

  collectGarbage();

  expect(refs.map((ref) => ref.deref() === undefined)).toEqual([false, true]);
  expect(held.bytes).toHaveLength(MIB);
});
