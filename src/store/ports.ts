import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import { openPrivateDirectory, readFileIfPresent, writeFileAtomic } from './files.ts';
import type { PortStore } from './types.ts';

type Entry = readonly [name: string, port: number];

/**
 * Ports given to servers, in `ports.json` of the state directory (0600, synced at each change).
 *
 * A damaged file is reported and set aside as `ports.json.damaged`; the ports of running servers are then learnt anew.
 * @throws {NodeJS.ErrnoException} where the state directory cannot be read or written
 */
export function openPortStore(stateDirectory: string, log: Log): PortStore {
  openPrivateDirectory(stateDirectory);
  const path = join(stateDirectory, 'ports.json');
  const ports = new Map<string, number>(readEntries(path, log));

  const write = (next: ReadonlyMap<string, number>) => {
    const text = `${JSON.stringify({ ports: [...next] })}\n`;
    writeFileAtomic(path, text, { mode: 0o600, isSynced: true });
  };
  return {
    ports,
    assign(name, port) {
      if (ports.get(name) === port) return;
      // Disk first: a port that was promised and then forgotten would be given away twice.
      write(new Map(ports).set(name, port));
      ports.set(name, port);
    },
    release(name) {
      if (!ports.has(name)) return;
      const next = new Map(ports);
      next.delete(name);
      write(next);
      ports.delete(name);
    },
  };
}

function readEntries(path: string, log: Log): readonly Entry[] {
  const text = readFileIfPresent(path);
  if (text === undefined) return [];
  try {
    const stored: { readonly ports?: unknown } | null = JSON.parse(text);
    if (Array.isArray(stored?.ports) && stored.ports.every(isEntry)) return stored.ports;
    throw new SyntaxError('no list of [name, port] under "ports"');
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    renameSync(path, `${path}.damaged`);
    log.error({ path, err }, 'stored ports are damaged and were set aside');
    return [];
  }
}

function isEntry(value: unknown): value is Entry {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && Number.isInteger(value[1]);
}
