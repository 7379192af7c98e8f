import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createActor, fromPromise } from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import { backoffMs, busMachine } from '../../src/machines/bus.machine.ts';
import { FakeClock } from '../fakes/clock.ts';

const STEPS = ['connect', 'subscribe', 'list'] as const;
type Step = (typeof STEPS)[number];
/** What can happen to a connection, and to an attempt at one. `after` is the end of the backoff. */
type Happening = `${Step} is done` | `${Step} fails` | 'lost' | 'closed' | 'after';

const HAPPENINGS: readonly Happening[] = [
  ...STEPS.flatMap((step) => [`${step} is done`, `${step} fails`] as const),
  'lost',
  'closed',
  'after',
];

/** The connection as a test drives it: nothing happens in it but what the test says. */
class Drive {
  readonly clock = new FakeClock();
  /** What its actors and actions were asked for, in order. */
  readonly done: string[] = [];
  readonly #open = new Map<Step, { resolve(): void; reject(error: Error): void }>();
  readonly actor;

  constructor() {
    const step = (name: Step) =>
      fromPromise<void, void>(() => {
        this.done.push(name);
        return new Promise((resolve, reject) => this.#open.set(name, { resolve, reject }));
      });
    const machine = busMachine.provide({
      actors: { connect: step('connect'), subscribe: step('subscribe'), list: step('list') },
      actions: {
        announceConnected: () => this.done.push('connected'),
        announceDisconnected: () => this.done.push('disconnected'),
        drop: () => this.done.push('drop'),
      },
    });
    this.actor = createActor(machine, {
      clock: { setTimeout: (fire, ms) => this.clock.after(ms, fire), clearTimeout: (cancel) => cancel() },
    });
    this.actor.start();
  }

  get state() {
    return this.actor.getSnapshot();
  }

  async happen(what: Happening): Promise<void> {
    const [first, verb] = what.split(' ');
    const isOver = this.state.status !== 'active';
    if (what === 'lost' && !isOver) this.actor.send({ type: 'LOST', reason: 'gone' });
    else if (what === 'closed' && !isOver) this.actor.send({ type: 'CLOSE' });
    else if (what === 'after') this.clock.advance(this.waitMs() ?? 0);
    else if (verb === 'is') this.#open.get(first as Step)?.resolve();
    else if (verb === 'fails') this.#open.get(first as Step)?.reject(new Error(what));
    // The promises of actors are heard of in turns of their own.
    await turn();
  }

  /** Until it tries again; undefined: it waits for nothing. */
  waitMs(): number | undefined {
    const dueMs = this.clock.nextDueMs();
    return dueMs === undefined ? undefined : dueMs - this.clock.monotonicMs();
  }
}

/** What holds of all that was done, whatever happened. */
function expectSound({ done, state }: Drive): void {
  let isOpen = false;
  let isAnnounced = false;
  for (const [index, one] of done.entries()) {
    // One connection at a time: the one before was dropped.
    if (one === 'connect') expect(isOpen, done.join()).toBe(false);
    if (one === 'connect') isOpen = true;
    if (one === 'drop') isOpen = false;
    if (one === 'subscribe') expect(done[index - 1], done.join()).toBe('connect');
    // Listed after the signals flow, and used only when that is done.
    if (one === 'list') expect(done[index - 1], done.join()).toBe('subscribe');
    if (one === 'connected') expect([done[index - 1], isAnnounced], done.join()).toEqual(['list', false]);
    if (one === 'disconnected') expect(isAnnounced, done.join()).toBe(true);
    if (one === 'connected' || one === 'disconnected') isAnnounced = one === 'connected';
  }
  expect(isAnnounced).toBe(state.value === 'connected' || (state.value === 'closed' && done.at(-2) === 'connected'));
  if (state.value === 'closed' || state.value === 'waiting') expect(isOpen, done.join()).toBe(false);
}

describe('every path of the chart', () => {
  const type = (what: Happening): string =>
    ({ lost: 'LOST', closed: 'CLOSE', after: 'xstate.after.backoff.bus.waiting' })[what as string] ??
    `xstate.${what.endsWith('fails') ? 'error' : 'done'}.actor.${what.split(' ')[0]}`;
  const happeningOf = new Map(HAPPENINGS.map((what) => [type(what), what]));
  const nothing = (): void => undefined;
  const pure = busMachine.provide({
    actions: { announceConnected: nothing, announceDisconnected: nothing, drop: nothing },
  });
  const events = HAPPENINGS.map((what) => ({ type: type(what), reason: 'gone', error: new Error(what) }));
  const paths = getSimplePaths(pure, {
    // Those of its actors and of its timer are no events that anybody may send.
    events: events as never,
    limit: 20_000,
    serializeState: ({ value, context }) => JSON.stringify([value, context.failures]),
    stopWhen: ({ context }) => context.failures > 2,
  });

  it('reaches every state', () => {
    const reached = new Set(paths.map(({ state }) => state.value));
    expect([...reached].sort()).toEqual(['closed', 'connected', 'connecting', 'listing', 'subscribing', 'waiting']);
  });

  it('is what happens to a real connection, and is sound at each step of it', async () => {
    expect(paths.length).toBeGreaterThan(300);
    for (const path of paths) {
      const drive = new Drive();
      for (const { event, state } of path.steps) {
        const what = happeningOf.get(event.type);
        if (what === undefined) continue;
        await drive.happen(what);
        expect([drive.state.value, drive.state.context.failures]).toEqual([state.value, state.context.failures]);
      }
      expect(drive.state.value).toBe(path.state.value);
      expectSound(drive);
      drive.actor.stop();
    }
  });
});

describe('whatever happens, in any order and however often', () => {
  const anything = fc.array(fc.constantFrom(...HAPPENINGS.filter((what) => what !== 'closed')), { maxLength: 40 });

  it('is sound, and ends connected as a new one would once everything works', async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (happenings) => {
        const drive = new Drive();
        for (const what of happenings) {
          await drive.happen(what);
          expectSound(drive);
        }
        for (const what of ['after', ...STEPS.map((step) => `${step} is done` as const)] as const) {
          await drive.happen(what);
        }
        expect(drive.state).toMatchObject({ value: 'connected', context: { failures: 0, reason: '' } });
        drive.actor.stop();
      }),
    );
  });

  it('waits longer after each failure in a row, never over 2 s, and briefly again after a success', async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (happenings) => {
        const drive = new Drive();
        let lastMs = 0;
        for (const what of happenings) {
          const before = drive.state.value;
          await drive.happen(what);
          const { value, context } = drive.state;
          if (value === 'connected') lastMs = 0;
          if (value !== 'waiting' || before === 'waiting') continue;
          expect(drive.waitMs()).toBe(backoffMs(context.failures));
          expect(drive.waitMs()).toBeGreaterThanOrEqual(lastMs);
          expect(drive.waitMs()).toBeLessThanOrEqual(2_000);
          lastMs = drive.waitMs() ?? 0;
        }
        drive.actor.stop();
      }),
    );
  });

  it('stays closed once it is, and drops what an attempt had opened', async () => {
    await fc.assert(
      fc.asyncProperty(anything, anything, async (before, after) => {
        const drive = new Drive();
        for (const what of before) await drive.happen(what);
        await drive.happen('closed');
        expect(drive.done.at(-1)).toBe('drop');
        const count = drive.done.length;
        for (const what of after) await drive.happen(what);
        drive.clock.advance(60_000);
        expect([drive.state.status, drive.done.length]).toEqual(['done', count]);
      }),
    );
  });
});
