/** What systemd itself says of the units, and of when they became active: the same judge for all contestants. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const SLICE = '/sys/fs/cgroup/hublet.slice';
const TIMEOUT_MS = 300_000;
/** From a unit's cgroup being there to its being active, with a wide margin: only then is systemd asked. */
const SETTLE_MS = 700;

/** The clock that systemd's own monotonic timestamps are taken from, in milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Waits until each of the units is active; returns when each became so, monotonic milliseconds.
 *
 * Directories of cgroups are counted until all are there, so that systemd isn't asked, and so slowed, by the judge meanwhile.
 * @throws where one fails, or has not become active after five minutes
 */
export async function activeTimes(units: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const untilMs = monotonicMs() + TIMEOUT_MS;
  const isThere = (there: ReadonlySet<string>): boolean => units.every((unit) => there.has(unit));
  const pauseMs = units.length === 1 ? 10 : 100;
  for (;;) {
    if (monotonicMs() > untilMs) throw new Error(`not all of ${units.length} units were active in ${TIMEOUT_MS} ms`);
    await sleep(pauseMs);
    if (!isThere(cgroups())) continue;
    await sleep(SETTLE_MS);
    const times = readTimes(units);
    if (times !== undefined) return times;
  }
}

/** Stops all units of a pattern and waits until systemd has forgotten them. */
export async function stopUnits(pattern: string): Promise<void> {
  execFileSync('systemctl', ['stop', pattern]);
  await unloaded(pattern);
}

/** Waits until no unit of the pattern is loaded. @throws after five minutes */
export async function unloaded(pattern: string): Promise<void> {
  const untilMs = monotonicMs() + TIMEOUT_MS;
  const list = ['list-units', '--all', '--plain', '--no-legend', pattern];
  while (execFileSync('systemctl', list, { encoding: 'utf8' }).trim() !== '') {
    if (monotonicMs() > untilMs) throw new Error(`units ${pattern} were not gone in ${TIMEOUT_MS} ms`);
    await sleep(300);
  }
}

function cgroups(): ReadonlySet<string> {
  try {
    return new Set(readdirSync(SLICE));
  } catch (error) {
    // The slice comes with its first unit.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Set();
    throw error;
  }
}

/** Undefined while one of them is not active yet. @throws where one failed */
function readTimes(units: readonly string[]): ReadonlyMap<string, number> | undefined {
  const properties = 'Id,ActiveState,ActiveEnterTimestampMonotonic';
  const text = execFileSync('systemctl', ['show', '--property', properties, ...units], { encoding: 'utf8' });
  const times = new Map<string, number>();
  for (const block of text.trim().split('\n\n')) {
    const shown = Object.fromEntries(block.split('\n').map((line) => line.split('=') as [string, string]));
    if (shown.ActiveState === 'failed') throw new Error(`${shown.Id} failed`);
    if (shown.ActiveState !== 'active') return undefined;
    times.set(shown.Id ?? '', Number(shown.ActiveEnterTimestampMonotonic) / 1000);
  }
  return times;
}
