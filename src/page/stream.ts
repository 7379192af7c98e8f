/** Follows boards for readers: one look a second for all of them together, and none while nobody reads. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Board, BoardChange } from './board.ts';

/** Where a reader's events go: an HTTP response. */
export interface Sink {
  /** False: more than it can take at once, wait for `drain`. */
  write(bytes: Uint8Array): boolean;
  on(event: 'drain' | 'close', listener: () => void): unknown;
  end(): void;
  /** Cuts it off. */
  destroy(): void;
}

export interface StreamOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The board of that topic as it is now; undefined: there is no such topic. */
  board(topic: string): Promise<Board | undefined>;
}

/** From one look to the next. */
const PERIOD_MS = 1_000;
/** Newcomers are served sooner, yet together: readers who come and go all the time must not cost more than that. */
const SOON_MS = 250;
/** A line at least this often: proxies and the server end connections that are silent. */
const HEARTBEAT_MS = 15_000;
/** Who takes nothing for so long is not there any more. */
const STALLED_MS = 20_000;
const READERS_MAX = 32;
/** What a browser waits before it comes back. */
const RETRY_MS = 3_000;
const WELCOME = Buffer.from(`retry: ${RETRY_MS}\n\n`);
const HEARTBEAT = Buffer.from(': still here\n\n');

/** So many elements go out in one message: a thousand rows at once would hold the loop. */
const PART_ITEMS = 100;

/** What readers get who are equally far, and how far they are then. */
interface Change {
  readonly id: string;
  /** None: nothing is new. */
  readonly parts: readonly Uint8Array[];
}

interface Reader {
  readonly topic: string;
  readonly sink: Sink;
  /** Of what it has; undefined: nothing. */
  lastId: string | undefined;
  /** Monotonic. */
  wroteMs: number;
  /** Since when it takes nothing; undefined: it does. */
  stalledMs: number | undefined;
}

export class LiveStream {
  readonly #options: StreamOptions;
  readonly #readers = new Set<Reader>();
  #cancel: (() => void) | undefined;
  #isLooking = false;
  /** Monotonic, when the last look ended. */
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  get readers(): number {
    return this.#readers.size;
  }

  get isFull(): boolean {
    return this.#readers.size >= READERS_MAX;
  }

  /**
   * Sends what is newer than `lastId` has it, at once and from then on, until the sink closes.
   *
   * @param lastId of the event or page that the reader has; anything else: it gets everything
   */
  join(topic: string, lastId: string | undefined, sink: Sink): void {
    const reader: Reader = { topic, sink, lastId, wroteMs: 0, stalledMs: undefined };
    this.#readers.add(reader);
    sink.on('close', () => this.#leave(reader));
    sink.on('drain', () => {
      reader.stalledMs = undefined;
    });
    this.#write(reader, WELCOME);
    const sinceMs = this.#options.clock.monotonicMs() - this.#lookedMs;
    if (!this.#isLooking) this.#lookAfter(Math.max(0, SOON_MS - sinceMs));
  }

  /** Ends all readers. Others may join after it. */
  endAll(): void {
    for (const reader of [...this.#readers]) {
      this.#leave(reader);
      reader.sink.end();
    }
  }

  #leave(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #lookAfter(delayMs: number): void {
    this.#cancel?.();
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#cancel = undefined;
      void this.#look();
    });
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    this.#isLooking = true;
    try {
      for (const topic of new Set([...this.#readers].map((reader) => reader.topic))) await this.#tell(topic);
    } catch (error) {
      this.#options.log.error({ err: error }, 'the page could not be made for its readers, tried again');
    } finally {
      this.#isLooking = false;
      this.#lookedMs = this.#options.clock.monotonicMs();
      if (this.#readers.size > 0) this.#lookAfter(PERIOD_MS);
    }
  }

  async #tell(topic: string): Promise<void> {
    const board = await this.#options.board(topic);
    const nowMs = this.#options.clock.monotonicMs();
    /** The same bytes for all readers that are equally far. */
    const known = new Map<string | undefined, Change>();
    for (const reader of [...this.#readers]) {
      if (reader.topic !== topic) continue;
      if (reader.stalledMs !== undefined) {
        if (nowMs - reader.stalledMs >= STALLED_MS) this.#drop(reader);
        continue;
      }
      if (board === undefined) {
        this.#leave(reader);
        reader.sink.end();
        continue;
      }
      const change = known.get(reader.lastId) ?? (await this.#changeSince(reader.lastId, board));
      known.set(reader.lastId, change);
      reader.lastId = change.id;
      // It may have left while the change was put into words.
      if (!this.#readers.has(reader)) continue;
      for (const part of change.parts) this.#write(reader, part);
      if (change.parts.length === 0 && nowMs - reader.wroteMs >= HEARTBEAT_MS) this.#write(reader, HEARTBEAT);
    }
  }

  /** A change in messages of a bearable size, each made in a turn of its own. Only the last says how far a reader is then. */
  async #changeSince(lastId: string | undefined, board: Board): Promise<Change> {
    const { id } = board;
    const change = board.since(lastId);
    if (change === undefined) return { id, parts: [] };
    const items = Object.entries(change.set);
    const parts: Uint8Array[] = [];
    while (items.length > PART_ITEMS) {
      parts.push(messageBytes({ set: Object.fromEntries(items.splice(0, PART_ITEMS)) }));
      await new Promise<void>((resolve) => this.#options.clock.after(0, resolve));
    }
    parts.push(messageBytes({ ...change, set: Object.fromEntries(items) }, id));
    return { id, parts };
  }

  #write(reader: Reader, bytes: Uint8Array): void {
    const nowMs = this.#options.clock.monotonicMs();
    reader.wroteMs = nowMs;
    if (!reader.sink.write(bytes)) reader.stalledMs = nowMs;
  }

  #drop(reader: Reader): void {
    this.#leave(reader);
    reader.sink.destroy();
    this.#options.log.debug({}, 'a reader of the page took nothing any more and was dropped');
  }
}

function messageBytes(change: BoardChange, id?: string): Uint8Array {
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(change)}\n\n`);
}
