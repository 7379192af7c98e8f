import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { guestCommand, quote } from './command.ts';
import { GuestProcess } from './guest-process.ts';
import { end } from './process.ts';
import type { MachineRecord } from './records.ts';
import { SshConnection } from './ssh.ts';
import { waitFor } from './wait.ts';

export interface ExecOptions {
  /** 120,000 when absent. The command and its children are ended in the machine then, and the call throws. */
  readonly timeoutMs?: number;
  /** What the command reads; nothing when absent. */
  readonly input?: string | Uint8Array | Readable;
  /** Account that runs it, in its home; root when absent. No login session is made. */
  readonly user?: string;
}

export interface ExecResult {
  /** Exit code; 128 + the signal's number for a command that a signal ended. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running machine: what tests do with it. */
export class Machine implements AsyncDisposable {
  readonly name: string;
  readonly #record: MachineRecord;
  readonly #ssh: SshConnection;

  constructor(record: MachineRecord, ssh: SshConnection = new SshConnection(record)) {
    this.name = record.name;
    this.#record = record;
    this.#ssh = ssh;
  }

  /** Runs a bash command to its end, whatever its exit code. @throws on timeout and when the machine is gone. */
  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const { timeoutMs = 120_000, input } = options;
    const startedMs = performance.now();
    const client = this.#ssh.spawn(guestCommand(command, { ...options, timeoutMs }), [
      input === undefined ? 'ignore' : 'pipe',
      'pipe',
      'pipe',
    ]);
    // The machine's own timeout comes first; this one is for a machine that no longer answers.
    const guard = setTimeout(() => client.kill('SIGKILL'), timeoutMs + 15_000);
    const [code, stdout, stderr] = await Promise.all([
      exitCode(client),
      text(client.stdout),
      text(client.stderr),
      feed(client, input),
    ]);
    clearTimeout(guard);
    const output = `\n${stdout}${stderr}`.trimEnd();
    if (performance.now() - startedMs >= timeoutMs && (code === 124 || code === 137)) {
      throw new Error(`${this.name}: no end within ${timeoutMs} ms: ${command}${output}`);
    }
    if (code === 255 && !(await this.#ssh.isOpen()))
      throw new Error(`${this.name} is gone during: ${command}${output}`);
    return { code, stdout, stderr };
  }

  /** Runs a bash command and returns its standard output. @throws when its exit code is not 0, with all it wrote. */
  async run(command: string, options: ExecOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.exec(command, options);
    if (code === 0) return stdout;
    throw new Error(`${this.name}: exit code ${code} of: ${command}\n${stdout}${stderr}`.trimEnd());
  }

  /** Starts a bash command and returns while it runs; it reads nothing. */
  spawn(command: string, options: Pick<ExecOptions, 'user'> = {}): Promise<GuestProcess> {
    return GuestProcess.start(this, this.#ssh, command, options);
  }

  /**
   * Copies into a directory of the machine (made when missing): a file, the contents of a directory, or texts by relative path.
   * All of it becomes root's; modes are kept, texts get 0644.
   */
  async put(
    source: string | { readonly files: Readonly<Record<string, string>> },
    guestDirectory: string,
  ): Promise<void> {
    if (typeof source === 'string') {
      const isDirectory = (await stat(source)).isDirectory();
      const from = isDirectory ? source : dirname(source);
      return this.putEntries(from, isDirectory ? await readdir(source) : [basename(source)], guestDirectory);
    }
    const staged = await mkdtemp(join(this.#record.directory, 'put-'));
    try {
      for (const [path, content] of Object.entries(source.files)) {
        await mkdir(dirname(join(staged, path)), { recursive: true, mode: 0o755 });
        await writeFile(join(staged, path), content, { mode: 0o644 });
      }
      await this.putEntries(staged, await readdir(staged), guestDirectory);
    } finally {
      await rm(staged, { recursive: true });
    }
  }

  /**
   * Copies these entries (paths relative to `from`) into a directory of the machine; the rest of `from` stays behind.
   * With `replace`, directories there lose what they had; otherwise it is merged.
   */
  async putEntries(
    from: string,
    entries: readonly string[],
    guestDirectory: string,
    { replace = false }: { readonly replace?: boolean } = {},
  ): Promise<void> {
    // Names are what they are: in one with a backslash tar would see an escape.
    const options = ['--owner=0', '--group=0', '--no-unquote', '-cf', '-', '-T', '/dev/null'];
    const tar = spawn('tar', ['-C', from, ...options, '--', ...entries], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const directory = quote(guestDirectory);
    const [code] = await Promise.all([
      exitCode(tar),
      this.run(`mkdir -p ${directory} && tar -C ${directory} ${replace ? '--recursive-unlink ' : ''}-xf -`, {
        input: tar.stdout,
      }),
    ]);
    if (code !== 0) throw new Error(`tar in ${from} ended with ${code}`);
  }

  /** Writes a file as editors do: aside, then renamed, so that no reader sees half of it. Directories are made; mode 0644 when absent. */
  async writeFile(path: string, content: string, mode = 0o644): Promise<void> {
    const [directory, aside] = [quote(dirname(path)), quote(join(dirname(path), `.${basename(path)}.aside`))];
    const steps = [
      `mkdir -p ${directory}`,
      `cat > ${aside}`,
      `chmod ${mode.toString(8)} ${aside}`,
      `mv -T ${aside} ${quote(path)}`,
    ];
    await this.run(steps.join(' && '), { input: content });
  }

  /** Makes a port on the machine's loopback reachable on 127.0.0.1 here; returns the port here, free when not given. */
  forward(guestPort: number, hostPort?: number): Promise<number> {
    return this.#ssh.forward(guestPort, hostPort);
  }

  /** What the machine has written to its console: the kernel's messages of a cold boot, panics. */
  console(): Promise<string> {
    return readFile(join(this.#record.directory, 'console'), 'utf8');
  }

  /** Starts a login shell on this terminal; returns its exit code. */
  async shell(): Promise<number> {
    return exitCode(this.#ssh.spawn('exec bash -l', 'inherit', true));
  }

  /** Runs a command on this process's own streams; returns its exit code. */
  async pass(command: string, options: Pick<ExecOptions, 'user' | 'timeoutMs'> = {}): Promise<number> {
    return exitCode(this.#ssh.spawn(guestCommand(command, options), 'inherit'));
  }

  /** Takes the processors away for this long, as a host that sleeps does: both of the machine's clocks jump over it. */
  async pause(ms: number): Promise<void> {
    process.kill(this.#record.qemu.pid, 'SIGSTOP');
    try {
      await sleep(ms);
    } finally {
      process.kill(this.#record.qemu.pid, 'SIGCONT');
    }
  }

  /**
   * Reboots it in good order and returns when commands can be run in it again. Its disk stays as it is, with all that was
   * written to it. Only for machines that were booted with `canReboot`.
   */
  async reboot(): Promise<void> {
    const boots = async (): Promise<number> => (await this.console()).split('MACHINE-READY').length - 1;
    const before = await boots();
    // The connection may end before the answer has come.
    await this.exec('systemctl --no-block reboot');
    await waitFor(`${this.name} to go down`, async () => !(await this.#ssh.isOpen()), 300_000, 500);
    await waitFor(`${this.name} to boot again`, async () => (await boots()) > before, 300_000, 500);
    await this.#ssh.open(this.#record.owner !== undefined);
  }

  /** Switches the machine off as a power cut would and removes what it left here. A second call does nothing. */
  async kill(): Promise<void> {
    await end(this.#record.qemu);
    await rm(this.#record.directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

async function exitCode(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 137;
}

async function text(stream: Readable | null): Promise<string> {
  let all = '';
  if (stream === null) return all;
  stream.setEncoding('utf8');
  for await (const chunk of stream) all += chunk;
  return all;
}

async function feed(client: ChildProcess, input: ExecOptions['input']): Promise<void> {
  if (input === undefined || client.stdin === null) return;
  try {
    await pipeline(input instanceof Readable ? input : Readable.from([input]), client.stdin);
  } catch (err) {
    // A command need not read all of its input; its exit code tells how it went.
    if (!['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes((err as NodeJS.ErrnoException).code ?? '')) throw err;
  }
}
