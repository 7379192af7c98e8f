import { appendFileSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventPath, parseEventFile, readEvents } from '../../../src/status/eventFile.ts';
import { createEventLog } from '../../../src/status/events.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { TemporaryDirectory } from '../../fakes/program.ts';

const MINUTE_MS = 60_000;

function open(directory: TemporaryDirectory, { clock = new FakeClock(), log = new FakeLog(), bootId = 'boot-1' } = {}) {
  const events = createEventLog({ runtimeDirectory: directory.path, gid: undefined, bootId, clock, log });
  return { clock, log, events };
}

test('events are kept newest last, and can be asked for by server', () => {
  using directory = new TemporaryDirectory();
  const { events } = open(directory);

  events.record({ reason: 'ControllerStarted', message: '' });
  events.record({ server: 'alice', reason: 'Started', message: 'pid 4' });
  events.record({ server: 'bob', reason: 'Crashed', message: 'exit code 1' });

  expect(events.recent().map(({ reason }) => reason)).toEqual(['ControllerStarted', 'Started', 'Crashed']);
  expect(events.recent('bob')).toEqual([
    {
      at: '2026-01-01T00:00:00.000Z',
      server: 'bob',
      type: 'Warning',
      reason: 'Crashed',
      message: 'exit code 1',
      count: 1,
    },
  ]);
});

test('the same event of the same server within 10 minutes is one with a count', () => {
  using directory = new TemporaryDirectory();
  const { events, clock } = open(directory);

  events.record({ server: 'alice', reason: 'Crashed', message: 'exit code 1' });
  events.record({ server: 'bob', reason: 'Crashed', message: 'exit code 1' });
  clock.advance(9 * MINUTE_MS);
  events.record({ server: 'alice', reason: 'Crashed', message: 'exit code 2' });

  expect(events.recent().map(({ server, message, count }) => [server, message, count])).toEqual([
    ['bob', 'exit code 1', 1],
    ['alice', 'exit code 2', 2],
  ]);
});

test('after 10 minutes from the first a new event begins, also when the wall clock was set back', () => {
  using directory = new TemporaryDirectory();
  const { events, clock } = open(directory);
  events.record({ server: 'alice', reason: 'Crashed', message: '' });

  clock.stepWall(-24 * 60 * MINUTE_MS);
  clock.advance(10 * MINUTE_MS);
  events.record({ server: 'alice', reason: 'Crashed', message: '' });

  expect(events.recent().map(({ count }) => count)).toEqual([1, 1]);
});

test('the first of an event is logged and then each power of ten, with a constant message', () => {
  using directory = new TemporaryDirectory();
  const { events, log } = open(directory);

  for (let n = 0; n < 100; n += 1) events.record({ server: 'alice', reason: 'Crashed', message: `exit code ${n}` });

  expect(log.lines.map(({ level, message, reason, count }) => [level, message, reason, count])).toEqual([
    ['warn', 'event', 'Crashed', 1],
    ['warn', 'event', 'Crashed', 10],
    ['warn', 'event', 'Crashed', 100],
  ]);
});

test('no more than 1000 are kept, the oldest go', () => {
  using directory = new TemporaryDirectory();
  const { events } = open(directory);

  for (let n = 0; n < 1005; n += 1) events.record({ server: `s${n}`, reason: 'Ready', message: '' });

  expect(events.recent()).toHaveLength(1000);
  expect(events.recent()[0]?.server).toBe('s5');
});

test('others read from the file what the controller has in memory', () => {
  using directory = new TemporaryDirectory();
  const { events } = open(directory);

  events.record({ server: 'alice', reason: 'Crashed', message: 'a' });
  events.record({ reason: 'BusDisconnected', message: 'b' });
  events.record({ server: 'alice', reason: 'Crashed', message: 'c' });

  expect(readEvents(directory.path)).toEqual(events.recent());
  expect(statSync(eventPath(directory.path)).mode & 0o7777).toBe(0o640);
});

test('the file does not grow without end and keeps saying the same', () => {
  using directory = new TemporaryDirectory();
  const { events } = open(directory);

  for (let n = 0; n < 7000; n += 1) events.record({ server: `s${n % 3}`, reason: 'Crashed', message: `${n}` });

  expect(readFileSync(eventPath(directory.path), 'utf8').split('\n').length).toBeLessThan(3100);
  expect(readEvents(directory.path)).toEqual(events.recent());
});

test('a controller started again in the same boot goes on with the events and their counts', () => {
  using directory = new TemporaryDirectory();
  const { events, clock } = open(directory);
  events.record({ server: 'alice', reason: 'Crashed', message: '' });
  events.record({ server: 'alice', reason: 'Ready', message: '' });

  const { events: later } = open(directory, { clock });
  later.record({ server: 'alice', reason: 'Crashed', message: '' });

  expect(later.recent().map(({ reason, count }) => [reason, count])).toEqual([
    ['Ready', 1],
    ['Crashed', 2],
  ]);
  expect(readEvents(directory.path)).toEqual(later.recent());
});

test('events of another boot are not taken over', () => {
  using directory = new TemporaryDirectory();
  open(directory).events.record({ server: 'alice', reason: 'Crashed', message: '' });

  const { events } = open(directory, { bootId: 'boot-2' });

  expect(events.recent()).toEqual([]);
  expect(readEvents(directory.path)).toEqual([]);
});

test('a file that cannot be written is told once, and all events are in it once it can be written again', () => {
  using directory = new TemporaryDirectory();
  const { events, log, clock } = open(directory);
  rmSync(eventPath(directory.path));
  mkdirSync(eventPath(directory.path));
  for (const server of ['a', 'b', 'c']) events.record({ server, reason: 'Ready', message: '' });
  expect(events.recent()).toHaveLength(3);
  expect(log.complaints()).toEqual(['event file not written, events are kept in memory']);

  rmdirSync(eventPath(directory.path));
  clock.advance(10_000);
  events.record({ server: 'd', reason: 'Ready', message: '' });

  expect(readEvents(directory.path)).toEqual(events.recent());
  expect(log.lines.map(({ message }) => message)).toContain('event file is written again');
});

test('a file that somebody removed comes back whole', () => {
  using directory = new TemporaryDirectory();
  const { events } = open(directory);
  events.record({ server: 'a', reason: 'Ready', message: '' });
  rmSync(eventPath(directory.path));

  events.record({ server: 'b', reason: 'Ready', message: '' });

  expect(readEvents(directory.path)).toEqual(events.recent());
});

test('a line that is cut off loses that event alone', () => {
  using directory = new TemporaryDirectory();
  const { events } = open(directory);
  events.record({ server: 'a', reason: 'Ready', message: '' });
  appendFileSync(eventPath(directory.path), '{"id":7,"firstAt":"2026');

  expect(readEvents(directory.path)).toEqual(events.recent());
});

test('no text makes the reader throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((text) => `${text}\n`),
      ),
      (text) => {
        expect(parseEventFile(text).lines).toEqual([]);
      },
    ),
  );
});

test('there are no events where there is no file', () => {
  expect(readEvents('/nonexistent')).toEqual([]);
});
