import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasBooted } from './boot.ts';
import { Machine } from './guest.ts';
import { end, identify, isAlive } from './process.ts';
import { type Qemu, type QemuOptions, startQemu } from './qemu.ts';
import { directoryOf, type MachineRecord, readRecord, writeRecord } from './records.ts';
import { SshConnection } from './ssh.ts';

export interface StartOptions extends Omit<QemuOptions, 'directory' | 'waitsForState'> {
  readonly name: string;
  /** File with the saved state of the devices; boots when absent. */
  readonly devices?: string;
  /** What must not be removed while it runs. */
  readonly stateDirectory: string;
}

export interface Started {
  readonly machine: Machine;
  readonly qemu: Qemu;
}

/** Starts a machine, by booting it or from a saved state, and waits until commands can be run in it. @throws {HungBoot} */
export async function startMachine(options: StartOptions): Promise<Started> {
  const { name, devices, isOwned, stateDirectory, imageDirectory } = options;
  const directory = directoryOf(name);
  const earlier = readRecord(name);
  if (earlier !== undefined && isAlive(earlier.qemu)) throw new Error(`machine ${name} is up already`);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });

  const qemu = await startQemu({ ...options, directory, waitsForState: devices !== undefined });
  const [identity, owner] = [identify(qemu.pid), identify(process.pid)];
  if (identity === undefined || owner === undefined) throw new Error(`qemu of machine ${name} ended at once`);
  const record: MachineRecord = {
    name,
    directory,
    qemu: identity,
    ...(isOwned ? { owner } : {}),
    sshPort: qemu.sshPort,
    keyFile: join(imageDirectory, 'id'),
    stateDirectory,
    startedAt: new Date().toISOString(),
  };
  writeRecord(record);
  try {
    const ssh = new SshConnection(record);
    const machine = new Machine(record, ssh);
    if (devices === undefined) {
      await hasBooted(record);
    } else {
      await qemu.qmp.migrate('migrate-incoming', `exec:cat '${devices}'`);
      await qemu.qmp.execute('cont');
    }
    await ssh.open(isOwned);
    if (devices !== undefined) await freshen(machine);
    return { machine, qemu };
  } catch (err) {
    await end(identity);
    throw err;
  }
}

/** A restored machine has the clock and the random numbers of the moment it was saved: gives it the time, and seed of its own. */
async function freshen(machine: Machine): Promise<void> {
  const seed = crypto.getRandomValues(new Uint8Array(64));
  // 0x5207 is RNDRESEEDCRNG (random(4)): without it the seed is used only minutes later.
  const reseed = `perl -e 'sysread STDIN, $b, 64; open F, ">", "/dev/urandom" or die; syswrite F, $b; ioctl F, 0x5207, 0 or die'`;
  await machine.run(`${reseed} && date -s @${Date.now() / 1000} > /dev/null`, { input: seed });
}
