import { expect, it } from 'vitest';
import { holdEvents } from '../../../src/status/heldEvents.ts';
import type { EventLog } from '../../../src/status/port.ts';
import type { HubletEvent } from '../../../src/status/types.ts';

/** An event log that only counts what it was told, in order. */
function listen(): { readonly told: string[]; readonly log: EventLog } {
  const told: string[] = [];
  const recent = (): HubletEvent[] =>
    told.map((message) => ({ at: '', type: 'Normal', reason: 'Starting', message, count: 1 }));
  return { told, log: { record: ({ message }) => void told.push(message), recent } };
}

it('tells nothing before the step is over, and then all of it in its order', async () => {
  const { told, log } = listen();
  const events = holdEvents(log);

  events.record({ reason: 'SpecAccepted', message: 'one' });
  events.record({ reason: 'Starting', message: 'two' });
  expect(told).toEqual([]);

  await Promise.resolve();
  expect(told).toEqual(['one', 'two']);
});

it('tells at once on release, and not again', async () => {
  const { told, log } = listen();
  const events = holdEvents(log);

  events.record({ reason: 'Starting', message: 'one' });
  events.release();
  expect(told).toEqual(['one']);

  events.record({ reason: 'Started', message: 'two' });
  await Promise.resolve();
  expect(told).toEqual(['one', 'two']);
});

it('has told all to whoever asks what happened lately', () => {
  const { log } = listen();
  const events = holdEvents(log);

  events.record({ server: 'alice', reason: 'Starting', message: 'one' });

  expect(events.recent().map(({ message }) => message)).toEqual(['one']);
});
