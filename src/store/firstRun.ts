import { existsSync, mkdirSync } from 'node:fs';
import type { Config } from '../config/types.ts';

/**
 * Makes the directories for specs that are missing when a user's controller runs for the very first time, each 0700.
 *
 * Returns those that were made. Where there is state already, a missing directory is left alone: it was there once, so it is lost or
 * not mounted, and an empty one in its place would say that all servers were deleted.
 * @throws {NodeJS.ErrnoException} one can't be made
 */
export function makeFirstSources(config: Config): readonly string[] {
  if (!config.isUserMode || existsSync(config.stateDirectory)) return [];
  const missing = config.sources.map(({ path }) => path).filter((path) => !existsSync(path));
  for (const path of missing) mkdirSync(path, { recursive: true, mode: 0o700 });
  return missing;
}
