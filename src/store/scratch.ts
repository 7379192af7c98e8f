import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Scratch {
  readonly runtimeDirectory: string;
  readonly stateDirectory: string;
  remove(): void;
}

/**
 * Copies of both directories for a run that must leave no trace: all that the controller remembers, but no environment files.
 *
 * For their owner alone (0700), like the originals. @throws {NodeJS.ErrnoException} they can't be read or copied
 */
export function openScratch(runtimeDirectory: string, stateDirectory: string): Scratch {
  const root = mkdtempSync(join(tmpdir(), 'hublet-dry-run-'));
  const copy = (from: string, name: string): string => {
    const to = join(root, name);
    const isSecret = (path: string) => path === join(from, 'env');
    // Sockets can't be copied; what a controller at work has half written goes any moment. Nobody needs them here.
    const isPassing = (path: string) => path.endsWith('.sock') || path.endsWith('.tmp');
    if (existsSync(from)) cpSync(from, to, { recursive: true, filter: (path) => !isSecret(path) && !isPassing(path) });
    return to;
  };
  return {
    runtimeDirectory: copy(runtimeDirectory, 'run'),
    stateDirectory: copy(stateDirectory, 'state'),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
