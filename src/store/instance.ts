import { createSecretKey, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openPrivateDirectory, readFileIfPresent, writeFileAtomic } from './files.ts';
import type { Instance } from './types.ts';

/** instance.json exists and can't be read back: a new one would make every running server look like somebody else's. */
export class InstanceUnreadable extends Error {
  constructor(path: string, why: string) {
    super(
      `${path}: ${why}. It says which units are this installation's; restore it from a backup, or stop all servers, remove it and start again`,
    );
    this.name = 'InstanceUnreadable';
  }
}

/**
 * Who this installation is, from `instance.json` in the state directory; made there (0600, synced) at the first start.
 *
 * @throws {InstanceUnreadable} where the file is damaged: it is never replaced silently
 * @throws {NodeJS.ErrnoException} where the state directory cannot be read or written
 */
export function openInstance(stateDirectory: string): Instance {
  openPrivateDirectory(stateDirectory);
  const path = join(stateDirectory, 'instance.json');
  const text = readFileIfPresent(path);
  if (text !== undefined) return parseInstance(path, text);
  const instance = { id: randomBytes(16).toString('hex'), key: createSecretKey(randomBytes(32)) };
  const stored = { id: instance.id, key: instance.key.export().toString('hex') };
  writeFileAtomic(path, `${JSON.stringify(stored)}\n`, { mode: 0o600, isSynced: true });
  return instance;
}

/** The same, where there is one, and nothing made. Undefined: no controller ever started here. @throws as `openInstance` */
export function readInstance(stateDirectory: string): Instance | undefined {
  const path = join(stateDirectory, 'instance.json');
  const text = readFileIfPresent(path);
  return text === undefined ? undefined : parseInstance(path, text);
}

function parseInstance(path: string, text: string): Instance {
  let stored: { readonly id?: unknown; readonly key?: unknown } | null;
  try {
    stored = JSON.parse(text);
  } catch (error) {
    // The parser's own message would quote the key.
    throw new InstanceUnreadable(path, error instanceof SyntaxError ? 'not JSON' : String(error));
  }
  const { id, key } = stored ?? {};
  if (typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id)) throw new InstanceUnreadable(path, 'has no id');
  if (typeof key !== 'string' || !/^[0-9a-f]{64}$/.test(key)) throw new InstanceUnreadable(path, 'has no key');
  return { id, key: createSecretKey(key, 'hex') };
}
