import { join } from 'node:path';
import type { Log } from '../log.ts';
import type { ClockMemory } from '../schedule/clockWatch.ts';
import { readFileIfPresent, writeFileAtomic } from './files.ts';
import { parseStored } from './stored.ts';

/**
 * What the wall clock was ahead of the monotonic one, in `clock.json` below the runtime directory: a jump is seen even where
 * no controller ran meanwhile. That of another boot, or a damaged one, counts as none.
 */
export function openClockMemory({
  runtimeDirectory,
  bootId,
  log,
}: {
  readonly runtimeDirectory: string;
  readonly bootId: string;
  readonly log: Log;
}): ClockMemory {
  const path = join(runtimeDirectory, 'clock.json');
  return {
    read() {
      const stored = parseStored(readFileIfPresent(path) ?? '');
      return stored?.bootId === bootId && typeof stored.offsetMs === 'number' ? stored.offsetMs : undefined;
    },
    write(offsetMs) {
      try {
        writeFileAtomic(path, `${JSON.stringify({ bootId, offsetMs })}\n`, { mode: 0o600 });
      } catch (err) {
        // A full disk keeps nobody from watching the clock.
        log.warn({ err, path }, 'the state of the clock could not be written');
      }
    },
  };
}
