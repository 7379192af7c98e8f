import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Log } from '../log.ts';
import { sha256Hex } from './digest.ts';
import { openPrivateDirectory, readFileIfPresent, removeFile, writeFileAtomic } from './files.ts';
import { parseStored } from './stored.ts';
import type { RuntimeStore, ServerMemory } from './types.ts';

export interface RuntimeStoreOptions {
  readonly runtimeDirectory: string;
  /** Memories of any other boot are as good as none. */
  readonly bootId: string;
  readonly log: Log;
}

/** What is remembered of a server about which nothing is; fields that an older version did not write are taken from it. */
const NOTHING: Omit<ServerMemory, 'name' | 'bootId'> = {
  generation: 0,
  invocationId: '',
  endedInvocationId: '',
  stopAskedOf: '',
  stopFor: null,
  startedUpOf: '',
  startedAtMs: 0,
  readyAtMs: null,
  ageFromMs: null,
  held: null,
  idle: null,
  isWindowOpen: null,
  restarts: 0,
  restartsTotal: 0,
  backoff: null,
  restartedAt: '',
  startedWith: null,
  deletionPolicy: 'Stop',
  limitsInForce: '',
  ended: null,
  lastExit: null,
};

/** Path of a server's environment file; named by hash because systemd reads EnvironmentFile= as a glob. */
export function environmentPath(runtimeDirectory: string, name: string): string {
  return join(runtimeDirectory, 'env', `${sha256Hex(name)}.env`);
}

/**
 * The files of one boot below the runtime directory: `state/<sha>.json` (0600) and `env/<sha>.env` (0400), in 0700 directories.
 *
 * Writes of what is already there cost nothing. A damaged memory is reported and counts as none.
 * @throws {NodeJS.ErrnoException} where the directories cannot be made
 */
export function openRuntimeStore({ runtimeDirectory, bootId, log }: RuntimeStoreOptions): RuntimeStore {
  const stateDirectory = join(runtimeDirectory, 'state');
  const environmentDirectory = join(runtimeDirectory, 'env');
  openPrivateDirectory(stateDirectory);
  openPrivateDirectory(environmentDirectory);
  /** Digests of the texts, by name. */
  const written = new Map<string, string>();
  const memoryPath = (name: string) => `${stateDirectory}/${sha256Hex(name)}.json`;

  const inEnvironmentDirectory = (path: string) => {
    if (dirname(path) === environmentDirectory) return path;
    throw new Error(`${path} is not an environment file of ${environmentDirectory}`);
  };

  return {
    readMemory(name) {
      const path = memoryPath(name);
      const text = readFileIfPresent(path);
      if (text === undefined) return undefined;
      const memory = parseMemory(text, name);
      if (memory === undefined) log.warn({ server: name, path }, 'stored memory of a server is damaged and ignored');
      if (memory?.bootId !== bootId) return undefined;
      written.set(name, sha256Hex(text));
      return memory;
    },
    writeMemory(memory) {
      const text = `${JSON.stringify(memory)}\n`;
      const digest = sha256Hex(text);
      if (written.get(memory.name) === digest) return;
      writeFileAtomic(memoryPath(memory.name), text, { mode: 0o600 });
      written.set(memory.name, digest);
    },
    removeMemory(name) {
      removeFile(memoryPath(name));
      written.delete(name);
    },
    sweepMemories(names) {
      const keep = new Set([...names].map(memoryPath));
      for (const file of readdirSync(stateDirectory)) {
        const path = join(stateDirectory, file);
        if (!keep.has(path)) removeFile(path);
      }
    },
    writeEnvironment(path, text) {
      if (readFileIfPresent(inEnvironmentDirectory(path)) === text) return;
      writeFileAtomic(path, text, { mode: 0o400 });
    },
    removeEnvironment(path) {
      removeFile(inEnvironmentDirectory(path));
    },
    sweepEnvironment(keep) {
      for (const file of readdirSync(environmentDirectory)) {
        const path = join(environmentDirectory, file);
        if (!keep.has(path)) removeFile(path);
      }
    },
  };
}

/** Undefined where the text is damaged or speaks of another server. */
function parseMemory(text: string, name: string): ServerMemory | undefined {
  const memory = { ...NOTHING, ...parseStored(text) };
  return isMemory(memory) && memory.name === name ? memory : undefined;
}

function isMemory(value: Record<string, unknown>): value is Record<string, unknown> & ServerMemory {
  const isTime = (time: unknown) => time === null || typeof time === 'number';
  return (
    ['name', 'bootId', 'invocationId', 'endedInvocationId', 'stopAskedOf', 'startedUpOf', 'limitsInForce'].every(
      (k) => typeof value[k] === 'string',
    ) &&
    (value.restartedAt === null || typeof value.restartedAt === 'string') &&
    (value.deletionPolicy === 'Stop' || value.deletionPolicy === 'Orphan') &&
    (value.startedWith === null || typeof value.startedWith === 'string') &&
    Number.isSafeInteger(value.generation) &&
    typeof value.startedAtMs === 'number' &&
    isTime(value.readyAtMs) &&
    isTime(value.ageFromMs) &&
    typeof value.held === 'object' &&
    typeof value.idle === 'object' &&
    (value.isWindowOpen === null || typeof value.isWindowOpen === 'boolean') &&
    typeof value.backoff === 'object' &&
    Number.isSafeInteger(value.restarts) &&
    (value.ended === null || value.ended === 'Exited' || value.ended === 'Failed') &&
    typeof value.lastExit === 'object' &&
    typeof value.stopFor === 'object'
  );
}
