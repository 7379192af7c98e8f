import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Qmp } from './qmp.ts';

/** Memory of a machine. Pages that it never touches cost nothing. */
export const memorySize = '3G';

/**
 * What every machine has in common. A saved state fits only the same shape, so this is part of the state's hash.
 *
 * No hardware virtualisation, so that it runs anywhere; an old processor model is the quickest to emulate, mitigations serve nothing.
 * `restrict=on`: the machine reaches nothing outside itself.
 */
export const shape: readonly string[] = [
  ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
  ...['-machine', 'pc,usb=off,vmport=off,smm=off', '-accel', 'tcg,thread=multi', '-cpu', 'Nehalem', '-smp', '2'],
  ...['-m', memorySize, '-device', 'virtio-rng-pci', '-device', 'virtio-net-pci,netdev=net0,romfile='],
  ...['-netdev', 'user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:0-:22'],
  '-append',
  'console=ttyS0 root=/dev/vda rw panic=-1 quiet net.ifnames=0 mitigations=off audit=0 apparmor=0 no_timer_check',
];

export interface QemuOptions {
  /** Where it has its console and log. */
  readonly directory: string;
  /** Directory with `vmlinuz` and `initrd.gz`. */
  readonly imageDirectory: string;
  /** The qcow2 disk. */
  readonly disk: string;
  /** Whether writes stay in the disk; otherwise they go to a temporary file that vanishes with the process. */
  readonly keepsDisk: boolean;
  /** File with the machine's memory; `shared` writes it, otherwise it is copied on write. Absent: plain memory. */
  readonly memory?: { readonly file: string; readonly shared: boolean };
  /** Waits for a saved state instead of booting. */
  readonly waitsForState: boolean;
  /** Whether it boots again when its system asks for it; otherwise qemu ends then. */
  readonly canReboot: boolean;
  /** Whether the machine ends with this process (prctl(2), PR_SET_PDEATHSIG). */
  readonly isOwned: boolean;
}

export interface Qemu {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly qmp: Qmp;
  /** On 127.0.0.1. */
  readonly sshPort: number;
  /** Gives the monitor up: from then on nothing of qemu keeps this process from ending, and qemu minds no closed monitor. */
  detach(): void;
}

/** Starts qemu and waits until its monitor answers. @throws with what qemu said when it ends instead. */
export async function startQemu(options: QemuOptions): Promise<Qemu> {
  const { directory, imageDirectory, disk, memory } = options;
  const args = [
    ...shape.filter((argument) => argument !== '-no-reboot' || !options.canReboot),
    ...['-kernel', join(imageDirectory, 'vmlinuz'), '-initrd', join(imageDirectory, 'initrd.gz')],
    ...['-drive', `file=${disk},format=qcow2,if=virtio,cache=unsafe,aio=threads`],
    ...(options.keepsDisk ? [] : ['-snapshot']),
    ...['-serial', `file:${join(directory, 'console')}`, '-qmp', 'stdio'],
  ];
  if (memory !== undefined) {
    const share = memory.shared ? 'on' : 'off';
    args.push('-object', `memory-backend-file,id=ram,size=${memorySize},mem-path=${memory.file},share=${share}`);
    args.push('-machine', 'memory-backend=ram');
  }
  if (options.waitsForState) args.push('-incoming', 'defer');

  const logFile = join(directory, 'qemu.log');
  const log = openSync(logFile, 'w');
  // qemu puts the temporary disk of -snapshot into TMPDIR, else into /var/tmp.
  const env = { ...process.env, TMPDIR: directory };
  const command = ['qemu-system-x86_64', ...args];
  const [program = '', ...rest] = options.isOwned ? ['setpriv', '--pdeathsig', 'KILL', ...command] : command;
  const child = spawn(program, rest, { env, detached: true, stdio: ['pipe', 'pipe', log] });
  closeSync(log);
  await once(child, 'spawn');
  if (child.stdin === null || child.stdout === null) throw new Error('qemu was started without a monitor');
  try {
    const qmp = await Qmp.open(child.stdin, child.stdout);
    const network = (await qmp.execute('human-monitor-command', { 'command-line': 'info usernet' })) as string;
    const port = /TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(network)?.[1];
    if (port === undefined) throw new Error(`qemu names no forwarded port: ${network}`);
    const { stdin, stdout } = child;
    const detach = (): void => {
      child.unref();
      stdin.destroy();
      stdout.destroy();
    };
    return { process: child, pid: child.pid as number, qmp, sshPort: Number(port), detach };
  } catch (err) {
    child.kill('SIGKILL');
    throw new Error(`qemu did not start: ${(err as Error).message}; ${readFileSync(logFile, 'utf8').trim()}`, {
      cause: err,
    });
  }
}
