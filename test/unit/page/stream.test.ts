import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { Board, type BoardChange } from '../../../src/page/board.ts';
import { Html } from '../../../src/page/html.ts';
import { LiveStream, type Sink } from '../../../src/page/stream.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';

class FakeSink extends EventEmitter implements Sink {
  readonly written: string[] = [];
  end_: 'open' | 'ended' | 'destroyed' = 'open';
  isSlow = false;

  write(bytes: Uint8Array): boolean {
    this.written.push(Buffer.from(bytes).toString());
    return !this.isSlow;
  }
  end(): void {
    this.end_ = 'ended';
    this.emit('close');
  }
  destroy(): void {
    this.end_ = 'destroyed';
    this.emit('close');
  }
  /** What came as data, in order. */
  get data(): readonly string[] {
    return this.written.flatMap((text) => text.match(/^data: (.*)$/m)?.[1] ?? []);
  }
}

let clock: FakeClock;
let board: Board;
let looks: string[];
let stream: LiveStream;
let error: Error | undefined;
beforeEach(() => {
  clock = new FakeClock();
  board = new Board();
  looks = [];
  error = undefined;
  show('first');
  stream = new LiveStream({
    clock,
    log: new FakeLog(),
    async board(topic) {
      looks.push(topic);
      if (error !== undefined) throw error;
      return topic === 'gone' ? undefined : board;
    },
  });
});

function show(text: string): void {
  board.update(new Map([['summary', new Html(text)]]));
}

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 250) {
    clock.advance(Math.min(250, left));
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }
}

describe('a reader', () => {
  test('gets all of it first, then what changes, with ids that say how far it is', async () => {
    const sink = new FakeSink();
    stream.join('', undefined, sink);
    await pass(250);
    show('second');
    await pass(1_000);
    expect(sink.data).toEqual(['{"set":{"summary":"first"},"rows":[]}', '{"set":{"summary":"second"}}']);
    expect(sink.written.at(-1)).toContain(`id: ${board.id}\n`);
  });

  test('that has it already gets only what is newer', async () => {
    const sink = new FakeSink();
    stream.join('', board.id, sink);
    await pass(1_000);
    expect(sink.data).toEqual([]);
    show('second');
    await pass(1_000);
    expect(sink.data).toHaveLength(1);
  });

  test('gets a sign of life where nothing happens', async () => {
    const sink = new FakeSink();
    stream.join('', board.id, sink);
    await pass(40_000);
    expect(sink.written.filter((text) => text.startsWith(':'))).toHaveLength(2);
  });

  test('gets much at once in several messages, of which only the last says how far it is', async () => {
    const rows = Array.from({ length: 250 }, (_, at) => [`row-${at}`, new Html(`${at}`)] as const);
    board.update(new Map(rows));
    const sink = new FakeSink();
    stream.join('', undefined, sink);
    await pass(1_500);
    const changes = sink.data.map((text) => JSON.parse(text) as BoardChange);
    expect(changes.map(({ set }) => Object.keys(set).length)).toEqual([100, 100, 50]);
    expect(Object.assign({}, ...changes.map(({ set }) => set))).toEqual(
      Object.fromEntries(rows.map(([id, { text }]) => [id, text])),
    );
    expect(changes.map((change) => change.rows?.length)).toEqual([undefined, undefined, 250]);
    expect(sink.written.filter((text) => text.startsWith('id:'))).toHaveLength(1);
  });

  test('of what is not there is sent away', async () => {
    const sink = new FakeSink();
    stream.join('gone', undefined, sink);
    await pass(250);
    expect(sink.end_).toBe('ended');
    expect(stream.readers).toBe(0);
  });

  test('that is slow misses nothing and costs nothing: it gets the latest when it can take it', async () => {
    const sink = new FakeSink();
    sink.isSlow = true;
    stream.join('', undefined, sink);
    await pass(250);
    for (const text of ['second', 'third', 'fourth']) {
      show(text);
      await pass(1_000);
    }
    expect(sink.data).toEqual([]);
    sink.isSlow = false;
    sink.emit('drain');
    await pass(1_000);
    expect(sink.data).toEqual(['{"set":{"summary":"fourth"},"rows":[]}']);
  });

  test('that takes nothing any more is dropped', async () => {
    const sink = new FakeSink();
    sink.isSlow = true;
    stream.join('', undefined, sink);
    await pass(25_000);
    expect(sink.end_).toBe('destroyed');
    expect(stream.readers).toBe(0);
  });
});

describe('all readers together', () => {
  test('cost one look a second, and none where nobody reads', async () => {
    const sinks = Array.from({ length: 20 }, () => new FakeSink());
    for (const sink of sinks) stream.join('', undefined, sink);
    await pass(10_250);
    expect(looks.length).toBeLessThanOrEqual(11);
    for (const sink of sinks) sink.emit('close');
    const before = looks.length;
    await pass(10_000);
    expect(looks).toHaveLength(before);
    expect(clock.timers()).toBe(0);
  });

  test('who come and go all the time cost four looks a second at most', async () => {
    for (let round = 0; round < 100; round += 1) {
      const sink = new FakeSink();
      stream.join('', undefined, sink);
      await pass(50);
      sink.emit('close');
    }
    expect(looks.length).toBeLessThanOrEqual(20);
  });

  test('are told again after a look that failed', async () => {
    const sink = new FakeSink();
    error = new Error('no');
    stream.join('', undefined, sink);
    await pass(1_000);
    error = undefined;
    await pass(1_000);
    expect(sink.data).toHaveLength(1);
  });

  test('are so many at most', () => {
    for (let at = 0; at < 32; at += 1) {
      expect(stream.isFull).toBe(false);
      stream.join('', undefined, new FakeSink());
    }
    expect(stream.isFull).toBe(true);
  });

  test('end together, and others may come after it', async () => {
    const sinks = [new FakeSink(), new FakeSink()];
    for (const sink of sinks) stream.join('', undefined, sink);
    stream.endAll();
    expect(sinks.map(({ end_ }) => end_)).toEqual(['ended', 'ended']);
    expect(clock.timers()).toBe(0);
    const next = new FakeSink();
    stream.join('', undefined, next);
    await pass(500);
    expect(next.data).toHaveLength(1);
  });
});
