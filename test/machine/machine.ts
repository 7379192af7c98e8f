// A disposable computer for tests: Debian with real systemd and cgroup v2, restored in about a second. This room
// starts, drives and ends such machines; what is tested on them is in test/system.
import { randomBytes } from 'node:crypto';
import { retryHungBoot } from './boot.ts';
import { Machine } from './guest.ts';
import { type Report, report as toStandardError } from './places.ts';
import { isAlive } from './process.ts';
import { endLeftovers, readRecord } from './records.ts';
import { startMachine } from './start.ts';
import { ensureState } from './state.ts';
import type { SystemdAge } from './systemd.ts';

export type { ExecOptions, ExecResult } from './guest.ts';
export { Machine } from './guest.ts';
export type { GuestProcess } from './guest-process.ts';
export { waitFor } from './wait.ts';

export interface BootOptions {
  /** The oldest when absent. The other one's image is built when it is asked for the first time, and has no Jupyter and no Python. */
  readonly systemd?: SystemdAge;
  /**
   * Really boots (about 10 s) instead of restoring (about 1 s). For tests of time and of boot: restored machines share one
   * boot_id and one monotonic clock, and their wall clock has just jumped from the day the state was saved to now.
   */
  readonly cold?: boolean;
  /** Whether `Machine.reboot` is possible. False when absent: a machine that reboots ends. */
  readonly canReboot?: boolean;
  /** A random one when absent. */
  readonly name?: string;
  /** Lets the machine live on after this process; `attach` finds it again. False when absent. */
  readonly outlives?: boolean;
  /** Told what takes long; standard error when absent. */
  readonly report?: Report;
}

/**
 * Starts a fresh machine and returns when commands can be run in it. It ends with this process, or earlier by `kill` or `await using`.
 *
 * Machines that a crashed process left are ended first. Image and state are built when there are none.
 */
export async function boot(options: BootOptions = {}): Promise<Machine> {
  const report = options.report ?? toStandardError;
  const { imageDirectory, directory, disk, memory, devices } = await ensureState(report, options.systemd ?? 'oldest');
  await endLeftovers();
  const { machine, qemu } = await retryHungBoot(report, () =>
    startMachine({
      name: options.name ?? `m${randomBytes(4).toString('hex')}`,
      imageDirectory,
      disk,
      keepsDisk: false,
      canReboot: options.canReboot === true,
      isOwned: options.outlives !== true,
      stateDirectory: directory,
      ...(options.cold === true ? {} : { devices, memory: { file: memory, shared: false } }),
    }),
  );
  qemu.detach();
  return machine;
}

/** A machine that runs already. @throws when none of that name does. */
export function attach(name: string): Machine {
  const record = readRecord(name);
  if (record === undefined || !isAlive(record.qemu))
    throw new Error(`no machine ${name} is up: npm run machine -- up ${name}`);
  return new Machine(record);
}
