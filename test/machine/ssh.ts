import { type ChildProcess, execFile, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './freePort.ts';

const run = promisify(execFile);

/** chacha20 is four times as fast as AES on a processor that is emulated. */
const masterOptions = [
  'BatchMode=yes',
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'IdentitiesOnly=yes',
  'ConnectTimeout=60',
  'ServerAliveInterval=30',
  'ServerAliveCountMax=10',
  'Ciphers=chacha20-poly1305@openssh.com',
  'MACs=hmac-sha1,hmac-sha2-256',
  'PermitLocalCommand=yes',
  'LocalCommand=echo connected',
].flatMap((option) => ['-o', option]);

/** The one connection into a machine. Everything else shares it: a new one would cost half a second of emulated cryptography. */
export class SshConnection {
  readonly #options: readonly string[];
  readonly #target: readonly string[];

  constructor(place: { readonly directory: string; readonly keyFile: string; readonly sshPort: number }) {
    this.#options = ['-F', 'none', '-o', 'LogLevel=ERROR', '-o', `ControlPath=${join(place.directory, 'ssh')}`];
    this.#target = ['-i', place.keyFile, '-p', String(place.sshPort), 'root@127.0.0.1'];
  }

  /** Connects; the connection ends with the machine, or with this process when `isOwned`. @throws with what ssh said. */
  async open(isOwned: boolean): Promise<void> {
    const ssh = ['ssh', ...this.#options, ...masterOptions, '-o', 'ControlMaster=yes', '-N', ...this.#target];
    const [program = '', ...args] = isOwned ? ['setpriv', '--pdeathsig', 'KILL', ...ssh] : ssh;
    const master = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    master.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const first = await Promise.race([once(master.stdout, 'data'), once(master, 'close')]);
    if (!Buffer.isBuffer(first[0])) throw new Error(`no ssh connection to the machine: ${said.trim() || first[0]}`);
    master.stdout.destroy();
    master.stderr.destroy();
    master.unref();
  }

  /** Starts a command in the machine's login shell; its streams and exit code are the client's. */
  spawn(command: string, stdio: StdioOptions, hasTerminal = false): ChildProcess {
    return spawn('ssh', [...this.#options, hasTerminal ? '-t' : '-T', 'machine', command], { stdio });
  }

  /** Whether the connection stands. */
  async isOpen(): Promise<boolean> {
    try {
      await run('ssh', [...this.#options, '-O', 'check', 'machine']);
      return true;
    } catch (err) {
      if (typeof (err as { code?: unknown }).code === 'number') return false;
      throw err;
    }
  }

  /** Makes the machine's own `guestPort` (on its loopback) reachable on 127.0.0.1 here; returns the port. */
  async forward(guestPort: number, hostPort?: number): Promise<number> {
    for (let tries = 1; ; tries++) {
      const port = hostPort ?? (await freePort());
      try {
        await run('ssh', [
          ...this.#options,
          '-O',
          'forward',
          '-L',
          `127.0.0.1:${port}:127.0.0.1:${guestPort}`,
          'machine',
        ]);
        return port;
      } catch (err) {
        // Someone may take the port between our look and ssh's bind.
        if (hostPort !== undefined || tries === 5) throw err;
      }
    }
  }
}
