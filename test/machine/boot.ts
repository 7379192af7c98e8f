import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from './places.ts';
import { isAlive } from './process.ts';
import type { MachineRecord } from './records.ts';
import { waitFor } from './wait.ts';

/** A boot in which a processor was lost by the emulation; another boot is all that helps. */
export class HungBoot extends Error {
  override readonly name = 'HungBoot';
}

const BOOTS = 3;

/**
 * How long a processor does nothing but one thing in the kernel has to be told before it counts as lost, in seconds of the machine.
 * Less is told of a host as well that gave no time to the emulation for so long.
 */
const LOST_AFTER_SECONDS = 60;

/**
 * Whether a processor of the machine is lost, by what its kernel has written to the console: `watchdog: BUG: soft lockup - CPU#0
 * stuck for 71s!`. The emulation of several processors on a busy host loses one now and then, within the first seconds of a boot.
 * @see https://docs.kernel.org/admin-guide/lockup-watchdogs.html
 */
export function isHung(console: string): boolean {
  const told = [...console.matchAll(/soft lockup - CPU#\d+ stuck for (\d+)s/g)];
  return told.some(([, seconds]) => Number(seconds) >= LOST_AFTER_SECONDS);
}

/** Returns when the machine has booted. @throws {HungBoot} when it never will; another error when qemu ended or time is up. */
export async function hasBooted({ name, directory, qemu }: MachineRecord): Promise<void> {
  const end = await waitFor(
    `machine ${name} to boot`,
    async (saw) => {
      const written = saw(await readFile(join(directory, 'console'), 'utf8'));
      if (written.includes('MACHINE-READY')) return { kind: 'ready' } as const;
      if (isHung(written)) return { kind: 'hung', written } as const;
      return !isAlive(qemu) && ({ kind: 'ended', written } as const);
    },
    180_000,
  );
  if (end.kind === 'hung') throw new HungBoot(`machine ${name} hangs in its boot; its console: ${end.written}`);
  if (end.kind === 'ended') throw new Error(`machine ${name} did not boot: qemu ended; its console: ${end.written}`);
}

/** What `boot` gives, which is called again after a boot that hung, three times in all. `boot` has to begin with a fresh disk. */
export async function retryHungBoot<T>(report: Report, boot: () => Promise<T>): Promise<T> {
  for (let boots = 1; ; boots += 1) {
    try {
      return await boot();
    } catch (err) {
      if (!(err instanceof HungBoot) || boots === BOOTS) throw err;
      report(`test machine: once more: ${err.message}`);
    }
  }
}
