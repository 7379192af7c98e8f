import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WorkQueue, type WorkResult } from '../../../src/reconciler/queue.ts';
import { FakeClock } from '../../fakes/clock.ts';

const noInstruments = { queueAdded: () => {}, queueRetried: () => {}, queueWaited: () => {}, workDone: () => {} };

function queueOf(work: (name: string) => Promise<WorkResult>, concurrency = 2) {
  const clock = new FakeClock();
  const queue = new WorkQueue({
    clock,
    instruments: noInstruments,
    concurrency: () => concurrency,
    random: () => 0.5,
    work,
  });
  return { clock, queue };
}

const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('WorkQueue', () => {
  it('looks first at what is added so, were it waiting already', async () => {
    const seen: string[] = [];
    const { queue } = queueOf(async (name) => {
      seen.push(name);
      return { kind: 'done' };
    }, 1);
    for (const name of ['a', 'b', 'c', 'd']) queue.add(name);
    queue.add('c', 'first');
    queue.add('c');
    await queue.idle();
    expect(seen).toEqual(['c', 'a', 'b', 'd']);
  });

  it('begins with the highest in rank before anything else happens, once it is told that all is there', () => {
    const seen: string[] = [];
    const queue = new WorkQueue({
      clock: new FakeClock(),
      instruments: noInstruments,
      concurrency: () => 1,
      random: () => 0.5,
      rank: (name) => (name === 'b' ? 1 : 0),
      work: async (name) => {
        seen.push(name);
        return { kind: 'done' };
      },
    });
    queue.add('a');
    queue.add('b');
    expect(seen).toEqual([]);

    queue.allAdded();

    expect(seen).toEqual(['b']);
  });

  it('works on a name once however often it was added while it waited', async () => {
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    const { queue } = queueOf(async (name) => {
      seen.push(name);
      await gate.promise;
      return { kind: 'done' };
    }, 1);
    queue.add('busy');
    queue.add('a');
    queue.add('a');
    gate.resolve();
    await queue.idle();
    expect(seen).toEqual(['busy', 'a']);
  });

  it('works once more on a name that was added while it was worked on', async () => {
    let runs = 0;
    const { queue } = queueOf(async (name) => {
      runs += 1;
      if (runs === 1) queue.add(name);
      return { kind: 'done' };
    });
    queue.add('a');
    await queue.idle();
    expect(runs).toBe(2);
  });

  it('never works on one name twice at once, and on no more names than it may', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 }), async (names) => {
        const active = new Set<string>();
        let most = 0;
        const { queue } = queueOf(async (name) => {
          expect(active.has(name)).toBe(false);
          active.add(name);
          most = Math.max(most, active.size);
          await Promise.resolve();
          active.delete(name);
          return { kind: 'done' };
        }, 3);
        for (const name of names) queue.add(name);
        await queue.idle();
        expect(most).toBeLessThanOrEqual(3);
      }),
    );
  });

  it('retries with pauses that double up to a minute, and starts anew after a success', async () => {
    const results: WorkResult[] = [];
    let runs = 0;
    const { queue, clock } = queueOf(async () => {
      runs += 1;
      return results.shift() ?? { kind: 'done' };
    });
    results.push(...Array.from({ length: 10 }, () => ({ kind: 'retry' as const })));
    queue.add('a');
    await settle();
    const pauses: number[] = [];
    for (let i = 0; i < 10; i++) {
      const due = clock.nextDueMs() ?? Number.NaN;
      pauses.push(due - clock.monotonicMs());
      clock.advance(due - clock.monotonicMs());
      await settle();
    }
    expect(runs).toBe(11);
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
    results.push({ kind: 'retry' });
    queue.add('a');
    await settle();
    expect((clock.nextDueMs() ?? 0) - clock.monotonicMs()).toBe(250);
  });

  it('keeps the earlier of two alarms', async () => {
    let runs = 0;
    const { queue, clock } = queueOf(async () => {
      runs += 1;
      return { kind: 'done' };
    });
    queue.addAfter('a', 1000);
    queue.addAfter('a', 5000);
    clock.advance(1000);
    await settle();
    expect(runs).toBe(1);
    clock.advance(10_000);
    await settle();
    expect(runs).toBe(1);
  });

  it('tells how long work has been stuck, for the watchdog', async () => {
    const gate = Promise.withResolvers<void>();
    const { queue, clock } = queueOf(async () => {
      await gate.promise;
      return { kind: 'done' };
    }, 1);
    queue.add('a');
    queue.add('b');
    clock.advance(30_000);
    expect(queue.stuckMs()).toBe(30_000);
    gate.resolve();
    await queue.idle();
    expect(queue.stuckMs()).toBe(0);
  });

  it('works on names of a higher rank first, and on those of one rank in the order in which they came', async () => {
    const seen: string[] = [];
    const ranks: Record<string, number> = { low: -1, high: 5 };
    const queue = new WorkQueue({
      clock: new FakeClock(),
      instruments: noInstruments,
      concurrency: () => 1,
      random: () => 0.5,
      rank: (name) => ranks[name] ?? 0,
      work: async (name) => {
        seen.push(name);
        return { kind: 'done' };
      },
    });
    for (const name of ['low', 'a', 'high', 'b']) queue.add(name);
    await queue.idle();
    expect(seen).toEqual(['high', 'a', 'b', 'low']);
  });

  it('stops only when what is under way is done', async () => {
    const gate = Promise.withResolvers<void>();
    let isDone = false;
    const { queue } = queueOf(async () => {
      await gate.promise;
      isDone = true;
      return { kind: 'done' };
    });
    queue.add('a');
    await settle();
    const stopped = queue.stop();
    gate.resolve();
    await stopped;
    expect(isDone).toBe(true);
  });
});
