import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

interface Pending {
  readonly command: string;
  resolve(value: unknown): void;
  reject(err: Error): void;
}

/** qemu's monitor in JSON, over the process's own input and output (qemu docs/interop/qmp-spec.rst). */
export class Qmp {
  readonly #input: Writable;
  readonly #pending = new Map<number, Pending>();
  readonly #eventListeners = new Set<(name: string, data: unknown) => void>();
  #lastId = 0;
  #isClosed = false;

  private constructor(input: Writable) {
    this.#input = input;
  }

  /** Waits for qemu's greeting and leaves its negotiation mode. @throws when qemu ends before. */
  static async open(input: Writable, output: Readable): Promise<Qmp> {
    const qmp = new Qmp(input);
    const lines = createInterface({ input: output });
    lines.on('line', (line) => qmp.#take(line));
    lines.on('close', () => qmp.#close());
    // A write to a qemu that is gone: the end of its output says the same and is acted upon.
    input.on('error', () => qmp.#close());
    await Promise.race([
      once(lines, 'line'),
      once(lines, 'close').then(() => Promise.reject(new Error('qemu ended before its monitor spoke'))),
    ]);
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  /** Runs a command and returns what it returns. @throws what qemu answers, or that it is gone. */
  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(new Error(`qemu is gone; ${command} was not run`));
      const id = ++this.#lastId;
      this.#pending.set(id, { command, resolve, reject });
      this.#input.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /** Starts a migration command and waits for its end. @throws when it fails. */
  async migrate(command: 'migrate' | 'migrate-incoming', uri: string): Promise<void> {
    const capabilities = ['events', 'x-ignore-shared'].map((capability) => ({ capability, state: true }));
    await this.execute('migrate-set-capabilities', { capabilities });
    const ended = new Promise<string>((resolve) => {
      this.#eventListeners.add((name, data) => {
        const status = (data as { readonly status?: string } | undefined)?.status;
        if (name === 'CLOSED') resolve('qemu ended');
        if (name === 'MIGRATION' && (status === 'completed' || status === 'failed')) resolve(status);
      });
    });
    await this.execute(command, { uri });
    const status = await ended;
    if (status !== 'completed') throw new Error(`${command} of the machine's state: ${status}`);
  }

  #take(line: string): void {
    const message = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (typeof message.event === 'string') for (const tell of this.#eventListeners) tell(message.event, message.data);
    const pending = typeof message.id === 'number' ? this.#pending.get(message.id) : undefined;
    if (pending === undefined) return;
    this.#pending.delete(message.id as number);
    const error = message.error as { readonly desc: string } | undefined;
    if (error === undefined) pending.resolve(message.return);
    else pending.reject(new Error(`qemu refused ${pending.command}: ${error.desc}`));
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const pending of this.#pending.values()) pending.reject(new Error(`qemu ended during ${pending.command}`));
    this.#pending.clear();
    for (const tell of this.#eventListeners) tell('CLOSED', undefined);
  }
}
