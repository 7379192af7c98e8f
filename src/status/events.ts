import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { AppendedFile } from '../store/appendedFile.ts';
import { writeFileAtomic } from '../store/files.ts';
import { type EventLine, eventPath, formatEventLine, formatHead, readEventFile } from './eventFile.ts';
import type { EventLog } from './port.ts';
import { EVENTS } from './reasons.ts';
import type { HubletEvent } from './types.ts';

export interface KeptEventLog extends EventLog {
  /** Lets go of its file, until the next event. */
  close(): void;
}

export interface EventLogOptions {
  readonly runtimeDirectory: string;
  /** The group that may read events; undefined: only the owner. */
  readonly gid: number | undefined;
  readonly bootId: string;
  readonly clock: Clock;
  readonly log: Log;
}

const RING_SIZE = 1000;
const WINDOW_MS = 600_000;
/** Counts add lines for events that are there already: rewritten with one line each at this many. */
const COMPACT_LINES = 3 * RING_SIZE;
const RETRY_MS = 10_000;
const MAX_MESSAGE_LENGTH = 1024;
const FILE_MODE = 0o640;

interface OpenEvent {
  readonly line: EventLine;
  /** Monotonic start of its window, which a step of the wall clock doesn't move. */
  readonly firstMs: number;
}

/**
 * The event log of this boot: the last 1000 events in memory, and on file for readers when the controller is down.
 *
 * Events of an earlier controller of the same boot are read back. A file that can't be written is said once; events stay
 * in memory, and all of them are written when it can be written again. `record` never throws.
 */
export function createEventLog({ runtimeDirectory, gid, bootId, clock, log }: EventLogOptions): KeptEventLog {
  const path = eventPath(runtimeDirectory);
  const file = new AppendedFile(path);
  /** By id, oldest change first. */
  const ring = new Map<number, OpenEvent>();
  /** The youngest event of each (server, reason), by id. */
  const youngest = new Map<string, number>();
  let linesOnFile = 0;
  let nextId = 1;
  /** Undefined: the file has all that the ring has. */
  let retryAtMs: number | undefined;

  const put = (entry: OpenEvent): void => {
    const { id, event } = entry.line;
    ring.delete(id);
    ring.set(id, entry);
    youngest.set(keyOf(event), id);
    nextId = Math.max(nextId, id + 1);
    for (const [oldId, old] of ring) {
      if (ring.size <= RING_SIZE) break;
      ring.delete(oldId);
      if (youngest.get(keyOf(old.line.event)) === oldId) youngest.delete(keyOf(old.line.event));
    }
  };

  const rewrite = (): void => {
    const text = [formatHead(bootId), ...[...ring.values()].map(({ line }) => formatEventLine(line))].join('');
    writeFileAtomic(path, text, { mode: FILE_MODE, gid });
    linesOnFile = ring.size;
  };

  /** Runs `write` unless it failed lately; tells of the first failure and of the end of it. */
  const guard = (write: () => void): void => {
    if (retryAtMs !== undefined && clock.monotonicMs() < retryAtMs) return;
    try {
      // What could not be written meanwhile is missing on file, and a line may be cut off.
      if (retryAtMs === undefined) write();
      else rewrite();
      if (retryAtMs !== undefined) log.info({}, 'event file is written again');
      retryAtMs = undefined;
    } catch (err) {
      if (retryAtMs === undefined) log.error({ err, path }, 'event file not written, events are kept in memory');
      retryAtMs = clock.monotonicMs() + RETRY_MS;
    }
  };

  const load = (): void => {
    try {
      const found = readEventFile(runtimeDirectory);
      if (found.bootId !== bootId) return;
      for (const line of found.lines) {
        const ageMs = Math.max(0, clock.wallMs() - Date.parse(line.firstAt));
        put({ line, firstMs: clock.monotonicMs() - ageMs });
      }
    } catch (err) {
      log.warn({ err, path }, 'events of an earlier controller not readable');
    }
  };

  load();
  guard(rewrite);

  return {
    record({ server, reason, message }) {
      const known = ring.get(youngest.get(keyOf({ server, reason })) ?? 0);
      const isSame = known !== undefined && clock.monotonicMs() - known.firstMs < WINDOW_MS;
      const at = new Date(clock.wallMs()).toISOString();
      const event: HubletEvent = {
        at,
        ...(server === undefined ? {} : { server }),
        type: EVENTS[reason],
        reason,
        message: message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH - 1)}…` : message,
        count: isSame ? known.line.event.count + 1 : 1,
      };
      const line = isSame ? { ...known.line, event } : { id: nextId, firstAt: at, event };
      put({ line, firstMs: isSame ? known.firstMs : clock.monotonicMs() });
      tell(log, event);
      guard(() => {
        if (linesOnFile >= COMPACT_LINES || !file.add(formatEventLine(line))) rewrite();
        else linesOnFile += 1;
      });
    },
    recent: (server) =>
      [...ring.values()]
        .map(({ line }) => line.event)
        .filter((event) => server === undefined || event.server === server),
    close: () => file.close(),
  };
}

function keyOf({ server, reason }: { readonly server?: string | undefined; readonly reason: string }): string {
  return `${reason} ${server ?? ''}`;
}

/** One line for the first of an aggregated event and one for each power of ten after it. */
function tell(log: Log, { server, reason, type, message, count }: HubletEvent): void {
  if (!Number.isInteger(Math.log10(count))) return;
  const fields = { ...(server === undefined ? {} : { server }), reason, count, detail: message };
  if (type === 'Warning') log.warn(fields, 'event');
  else log.info(fields, 'event');
}
