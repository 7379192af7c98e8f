import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real dbus-daemon of our own, in a directory of its own, that can be killed and started again at the same address. */
export class DbusDaemon {
  readonly address: string;
  readonly #directory: string;
  #process: ChildProcess | undefined;

  constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), 'hublet-bus-'));
    const socket = join(this.#directory, 'bus');
    this.address = `unix:path=${socket}`;
    writeFileSync(
      join(this.#directory, 'bus.conf'),
      `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow send_type="signal"/>
    <allow receive_sender="*"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Peer"/>
  </policy>
  <limit name="max_match_rules_per_connection">512</limit>
</busconfig>
`,
    );
  }

  /** Resolves once it accepts connections. */
  async start(): Promise<void> {
    const child = spawn(
      // Dies with the process of the tests, however that ends.
      'setpriv',
      [
        '--pdeathsig=KILL',
        'dbus-daemon',
        `--config-file=${join(this.#directory, 'bus.conf')}`,
        '--nofork',
        '--nopidfile',
        '--nosyslog',
        '--print-address=1',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#process = child;
    // It complains of limits that only root may raise; its words matter only where it doesn't start.
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words += chunk.toString();
    });
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (error) =>
        reject(new Error('dbus-daemon could not be started (Debian packages: dbus, util-linux)', { cause: error })),
      );
      child.once('exit', (code) => reject(new Error(`dbus-daemon ended with ${code}: ${words}`)));
    });
    await Promise.race([once(child.stdout, 'data'), failed]);
    // From now on its end is what tests bring about.
    failed.catch((error: unknown) => error);
  }

  /** Resolves once it is dead: at once and unclean with SIGKILL, by its own shutdown with SIGTERM. */
  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Stopped (SIGSTOP) it takes connections and answers nothing. */
  freeze(isFrozen: boolean): void {
    this.#process?.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  async close(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
