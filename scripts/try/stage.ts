import type { ServerStatus } from '../../src/status/types.ts';
import { installHublet } from '../../test/machine/hublet.ts';
import { attach, boot, type Machine, waitFor } from '../../test/machine/machine.ts';
import { livingMachines } from '../../test/machine/records.ts';
import type { Screen } from './screen.ts';

export const KEPT_NAME = 'try';
export const SPECS = '/etc/hublet/desired-state';

export interface StageOptions {
  readonly screen: Screen;
  /** Whether the machine is called "try" and lives on after this process. */
  readonly isKept: boolean;
}

/** What the steps play on: the machine, and a screen that shows what is typed there. */
export class Stage {
  readonly screen: Screen;
  readonly isKept: boolean;
  readonly #forwarded = new Map<number, Promise<number>>();
  #machine: Machine | undefined;

  constructor({ screen, isKept }: StageOptions) {
    this.screen = screen;
    this.isKept = isKept;
  }

  /** The machine, once `open` gave it. */
  get machine(): Machine {
    if (this.#machine === undefined) throw new Error('there is no machine yet');
    return this.#machine;
  }

  /** Whether `open` gave a machine. */
  get isOpen(): boolean {
    return this.#machine !== undefined;
  }

  /** Starts a fresh machine. */
  async open(): Promise<void> {
    const kept = this.isKept ? { name: KEPT_NAME, outlives: true } : {};
    this.#machine = await boot({ ...kept, report: (line) => this.screen.note(line) });
  }

  /** Ends the machine, also one that is still being started. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#machine !== undefined) return this.#machine.kill();
    if (this.isKept && isUp(KEPT_NAME)) await attach(KEPT_NAME).kill();
    // Any other ends with this process.
  }

  /** Copies this checkout's hublet into the machine. */
  install(): Promise<void> {
    return installHublet(this.machine);
  }

  /** Shows a command, runs it as root, shows what it writes, and returns that. @throws where it ends with another code than `code` (0) */
  async type(command: string, code = 0): Promise<string> {
    this.screen.command(command);
    const result = await this.machine.exec(command);
    const text = `${result.stdout}${result.stderr}`;
    this.screen.output(text);
    if (result.code !== code) throw new Error(`the command above ended with ${result.code}, not with ${code}`);
    return text;
  }

  /** Shows a command that goes on, and its lines as they come, up to the first that `isLast`. @throws after `timeoutMs` */
  async follow(command: string, isLast: (line: string) => boolean, timeoutMs: number): Promise<void> {
    this.screen.command(command);
    await using running = await this.machine.spawn(command);
    let isLate = false;
    const ending: Promise<unknown>[] = [];
    const timer = setTimeout(() => {
      isLate = true;
      ending.push(running.kill());
    }, timeoutMs);
    try {
      for await (const line of running.lines) {
        this.screen.output(line);
        if (isLast(line)) return;
      }
    } finally {
      clearTimeout(timer);
      await Promise.all(ending);
    }
    if (isLate) throw new Error(`not there after ${timeoutMs / 1000} s`);
    throw new Error(`the command above ended by itself: ${running.stderr.trim()}`);
  }

  /** Looks, without showing it. @throws unless the command ends well */
  async look(command: string): Promise<string> {
    return (await this.machine.run(command)).trimEnd();
  }

  /** A server's status file. @throws where there is none */
  async status(name: string): Promise<ServerStatus> {
    return JSON.parse(await this.look(`cat /run/hublet/status/${name}.json`)) as ServerStatus;
  }

  /** The status once `isSo`; waits a minute at most. */
  statusWhen(name: string, what: string, isSo: (server: ServerStatus) => boolean): Promise<ServerStatus> {
    return waitFor(
      what,
      async (saw) => {
        const server = await this.status(name);
        const { phase, conditions } = server.status;
        saw([phase, ...conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`)].join(' '));
        return isSo(server) ? server : undefined;
      },
      60_000,
    );
  }

  /** The main process of a server's unit, as systemd has it; 0 for none. */
  async mainPid(name: string): Promise<number> {
    return Number(await this.look(`systemctl show --property=MainPID --value hublet-${name}.service`));
  }

  /** A port on 127.0.0.1 of this computer for one of the machine's loopback; the same each time. */
  forward(port: number): Promise<number> {
    const known = this.#forwarded.get(port) ?? this.machine.forward(port);
    this.#forwarded.set(port, known);
    return known;
  }
}

/** Whether a machine of that name is up. */
export function isUp(name: string): boolean {
  return livingMachines().some((record) => record.name === name);
}
