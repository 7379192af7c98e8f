import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { AppendedFile } from './appendedFile.ts';
import { openPrivateDirectory, readFileIfPresent, writeFileAtomic } from './files.ts';
import { DiskSync } from './sync.ts';
import type { PortStore } from './types.ts';

export interface PortStoreOptions {
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Null: given back. */
type Line = readonly [name: string, port: number | null];

/** Lines that say nothing any more are taken out once there are more of them than this, and than of the others. */
const STALE_LINES = 100;

/**
 * Ports given to servers, in `ports.jsonl` of the state directory (0600): a line for each change, the last one of a name counts.
 *
 * Lines, so that giving a port costs the same whatever the number of servers; on disk within a second, together. A
 * damaged file is reported and set aside as `ports.jsonl.damaged`: most servers then get their old port again, as their
 * name decides where the search for one begins.
 * @throws {NodeJS.ErrnoException} where the state directory cannot be read or written
 */
export function openPortStore({ stateDirectory, clock, log }: PortStoreOptions): PortStore {
  openPrivateDirectory(stateDirectory);
  const path = join(stateDirectory, 'ports.jsonl');
  const file = new AppendedFile(path);
  const sync = new DiskSync(stateDirectory, clock, log);
  const lines = readLines(path, log);
  const ports = new Map<string, number>();
  for (const line of lines) apply(ports, line);
  let lineCount = lines.length;

  const rewrite = (next: ReadonlyMap<string, number>): void => {
    writeFileAtomic(path, [...next].map(formatLine).join(''), { mode: 0o600 });
    lineCount = next.size;
  };
  /** Written first: a port that was promised and then forgotten would be given away twice. */
  const change = (line: Line): void => {
    const isStale = lineCount > 2 * ports.size + STALE_LINES;
    if (isStale || !file.add(formatLine(line))) rewrite(apply(new Map(ports), line));
    else lineCount += 1;
    apply(ports, line);
    sync.add(path);
  };
  return {
    ports,
    assign(name, port) {
      if (ports.get(name) !== port) change([name, port]);
    },
    release(name) {
      if (ports.has(name)) change([name, null]);
    },
    close() {
      file.close();
      sync.close();
    },
  };
}

/**
 * The ports that were given to servers, for who only looks: nothing is made, mended or written.
 *
 * A line that can't be understood counts as not there. @throws {NodeJS.ErrnoException} where the file can't be read
 */
export function readPorts(stateDirectory: string): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  for (const row of (readFileIfPresent(join(stateDirectory, 'ports.jsonl')) ?? '').split('\n')) {
    const line = tryParseLine(row);
    if (line !== undefined) apply(ports, line);
  }
  return ports;
}

function tryParseLine(row: string): Line | undefined {
  try {
    return parseLine(row);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function apply(ports: Map<string, number>, [name, port]: Line): Map<string, number> {
  if (port === null) ports.delete(name);
  else ports.set(name, port);
  return ports;
}

function formatLine(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

/** A last line without its end is one that a power cut left unfinished, and counts as not written. */
function readLines(path: string, log: Log): readonly Line[] {
  const text = readFileIfPresent(path) ?? '';
  const rows = text.split('\n');
  const unfinished = rows.pop();
  try {
    const lines = rows.map(parseLine);
    if (unfinished !== '') writeFileAtomic(path, lines.map(formatLine).join(''), { mode: 0o600 });
    return lines;
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    renameSync(path, `${path}.damaged`);
    log.error({ path, err }, 'stored ports are damaged and were set aside');
    return [];
  }
}

/** @throws {SyntaxError} where it is none */
function parseLine(row: string): Line {
  const line: unknown = JSON.parse(row);
  if (isLine(line)) return line;
  throw new SyntaxError('no [name, port]');
}

function isLine(value: unknown): value is Line {
  if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== 'string') return false;
  return value[1] === null || Number.isInteger(value[1]);
}
