import { join } from 'node:path';
import { readFileIfPresent } from '../store/files.ts';
import { parseStored } from '../store/stored.ts';
import { EVENTS } from './reasons.ts';
import type { HubletEvent } from './types.ts';

/** One line of the event file: an event, or a later count of one that an earlier line with the same `id` began. */
export interface EventLine {
  readonly id: number;
  /** ISO 8601; where its window of aggregation began. */
  readonly firstAt: string;
  readonly event: HubletEvent;
}

export interface EventFile {
  /** The boot that the events belong to; empty where the file has no head. */
  readonly bootId: string;
  /** One a `id`, in the order of their last lines: newest last. */
  readonly lines: readonly EventLine[];
}

/** `<runtimeDirectory>/events.jsonl`. */
export function eventPath(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'events.jsonl');
}

/** The events on file, newest last; none where there is no file. For readers other than the controller. @throws where it can't be read */
export function readEvents(runtimeDirectory: string): readonly HubletEvent[] {
  return readEventFile(runtimeDirectory).lines.map((line) => line.event);
}

/** The event file, parsed; empty where there is none. @throws where it can't be read */
export function readEventFile(runtimeDirectory: string): EventFile {
  return parseEventFile(readFileIfPresent(eventPath(runtimeDirectory)) ?? '');
}

/** First line of a file, so that a controller after a reboot does not take the events for its own. */
export function formatHead(bootId: string): string {
  return `${JSON.stringify({ kind: 'EventLog', bootId })}\n`;
}

export function formatEventLine({ id, firstAt, event }: EventLine): string {
  return `${JSON.stringify({ id, firstAt, ...event })}\n`;
}

/** Never throws: a line that is cut off or no event, as a full disk leaves them, is passed over. */
export function parseEventFile(text: string): EventFile {
  let bootId = '';
  const lines = new Map<number, EventLine>();
  for (const row of text.split('\n')) {
    const value = parseStored(row);
    if (value === undefined) continue;
    if (value.kind === 'EventLog' && typeof value.bootId === 'string') bootId = value.bootId;
    const line = toEventLine(value);
    if (line === undefined) continue;
    // Taken out first: the order is that of the last line of each.
    lines.delete(line.id);
    lines.set(line.id, line);
  }
  return { bootId, lines: [...lines.values()] };
}

function toEventLine(value: Readonly<Record<string, unknown>>): EventLine | undefined {
  const { id, firstAt, at, server, type, reason, message, count } = value;
  if (typeof id !== 'number' || typeof count !== 'number') return undefined;
  if (typeof firstAt !== 'string' || typeof at !== 'string' || typeof message !== 'string') return undefined;
  if (typeof reason !== 'string' || !Object.hasOwn(EVENTS, reason)) return undefined;
  if (type !== 'Normal' && type !== 'Warning') return undefined;
  const event: HubletEvent = { at, type, reason: reason as HubletEvent['reason'], message, count };
  return { id, firstAt, event: typeof server === 'string' ? { ...event, server } : event };
}
