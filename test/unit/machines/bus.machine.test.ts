import { describe, expect, it } from 'vitest';
import { createActor, fromPromise } from 'xstate';
import { backoffMs, busMachine } from '../../../src/machines/bus.machine.ts';
import { FakeClock } from '../../fakes/clock.ts';

describe('backoffMs', () => {
  it('begins at 50 ms, doubles, and stays at 2 s', () => {
    expect([1, 2, 3, 6, 7, 1000].map(backoffMs)).toEqual([50, 100, 200, 1600, 2000, 2000]);
  });
});

describe('the bus machine', () => {
  it('connects, subscribes, lists, in that order', async () => {
    const { actor, done } = start();

    await settled();

    expect(done).toEqual(['connect', 'subscribe', 'list', 'connected']);
    expect(actor.getSnapshot().value).toBe('connected');
  });

  it.each(['connect', 'subscribe', 'list'] as const)('drops, waits and tries anew when it cannot %s', async (step) => {
    const { actor, done, clock, failing } = start(step);
    await settled();
    expect(actor.getSnapshot()).toMatchObject({ value: 'waiting', context: { failures: 1, reason: `${step} failed` } });
    expect(done.at(-1)).toBe('drop');

    failing.clear();
    clock.advance(49);
    await settled();
    expect(actor.getSnapshot().value).toBe('waiting');
    clock.advance(1);
    await settled();

    expect(actor.getSnapshot()).toMatchObject({ value: 'connected', context: { failures: 0, reason: '' } });
  });

  it('waits longer after each failure', async () => {
    const { clock, done } = start('connect');
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await settled();
      const waitMs = (clock.nextDueMs() ?? 0) - clock.monotonicMs();
      waits.push(waitMs);
      clock.advance(waitMs);
    }

    expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
    expect(done.filter((step) => step === 'connected')).toEqual([]);
  });

  it('tells of a loss once, and connects again', async () => {
    const { actor, clock, done } = start();
    await settled();

    actor.send({ type: 'LOST', reason: 'gone' });
    actor.send({ type: 'LOST', reason: 'gone again' });
    clock.advance(50);
    await settled();

    expect(done.filter((step) => step === 'disconnected: gone')).toHaveLength(1);
    expect(done.filter((step) => step === 'connected')).toHaveLength(2);
  });

  it('that is closed stays so', async () => {
    const { actor, clock, done } = start();
    await settled();

    actor.send({ type: 'CLOSE' });
    clock.advance(60_000);
    await settled();

    expect(actor.getSnapshot().status).toBe('done');
    expect(done.at(-1)).toBe('drop');
    expect(done.filter((step) => step.startsWith('disconnected'))).toEqual([]);
  });
});

type Step = 'connect' | 'subscribe' | 'list';

function start(fails?: Step) {
  const clock = new FakeClock();
  const done: string[] = [];
  const failing = new Set(fails === undefined ? [] : [fails]);
  const step = (name: Step) =>
    fromPromise<void, void>(() => {
      done.push(name);
      return failing.has(name) ? Promise.reject(new Error(`${name} failed`)) : Promise.resolve();
    });
  const machine = busMachine.provide({
    actors: { connect: step('connect'), subscribe: step('subscribe'), list: step('list') },
    actions: {
      announceConnected: () => done.push('connected'),
      announceDisconnected: ({ context }) => done.push(`disconnected: ${context.reason}`),
      drop: () => done.push('drop'),
    },
  });
  const actor = createActor(machine, {
    clock: { setTimeout: (fire, delayMs) => clock.after(delayMs, fire), clearTimeout: (cancel) => cancel() },
  });
  actor.start();
  return { actor, clock, done, failing };
}

/** Lets the promises of actors, that are all settled, be heard of. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
