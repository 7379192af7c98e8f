import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { guestCommand, quote } from './command.ts';
import type { SshConnection } from './ssh.ts';

interface Executor {
  exec(command: string): Promise<unknown>;
}

/** A command that runs in the machine while the test goes on. */
export class GuestProcess implements AsyncDisposable {
  /** Its number in the machine; it leads a session and process group of its own. */
  readonly pid: number;
  /** Its exit code, once it ended; 128 + the signal's number when a signal ended it. */
  readonly exited: Promise<number>;
  /** What it writes, line by line as it comes. To be read once. */
  readonly lines: AsyncIterableIterator<string>;
  readonly #machine: Executor;
  #errorText = '';
  #hasEnded = false;

  private constructor(machine: Executor, client: ChildProcess, lines: AsyncIterableIterator<string>, pid: number) {
    this.#machine = machine;
    this.lines = lines;
    this.pid = pid;
    this.exited = once(client, 'close').then(([code]) => {
      this.#hasEnded = true;
      return (code as number | null) ?? 137;
    });
    client.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#errorText += chunk;
    });
  }

  /** Starts a bash command and waits until it runs; it reads nothing. */
  static async start(
    machine: Executor,
    ssh: SshConnection,
    command: string,
    options: { readonly user?: string },
  ): Promise<GuestProcess> {
    // The first line is ours. A command outlives its ssh client: only its number reaches it.
    const announced = quote(`echo $$; exec bash -c ${quote(command)}`);
    const client = ssh.spawn(guestCommand(`exec setsid --wait bash -c ${announced}`, options), [
      'ignore',
      'pipe',
      'pipe',
    ]);
    if (client.stdout === null) throw new Error('ssh has no output');
    const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done === true) throw new Error(`the machine did not start: ${command}`);
    return new GuestProcess(machine, client, lines, Number(first.value));
  }

  /** What it wrote to its standard error so far. */
  get stderr(): string {
    return this.#errorText;
  }

  /** Sends a signal (SIGTERM when absent) to it and its children, if it still runs, and waits for its end. */
  async kill(signal = 'TERM'): Promise<number> {
    if (!this.#hasEnded) await this.#machine.exec(`kill -s ${signal.replace(/^SIG/, '')} -- -${this.pid}`);
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.kill('KILL');
  }
}
