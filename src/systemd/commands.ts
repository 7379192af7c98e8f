/** Commands that run as units of their own: started, waited for, stopped where nobody waits any more. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { UnitProperty } from '../units/types.ts';
import type { Manager } from './manager.ts';
import { commandUnitPrefix } from './path.ts';
import { type CommandEnd, type CommandRunner, SystemdError } from './port.ts';
import type { ServiceFacts, SystemdSignal } from './signals.ts';

export interface CommandsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** @throws {SystemdError} `Disconnected` */
  readonly manager: () => Manager;
}

interface Waiting {
  facts: ServiceFacts;
  readonly settle: (end: CommandEnd) => void;
}

/** Of the instance: enough to tell its units from another's. */
const INSTANCE_DIGITS = 8;

/** A name that no unit has: never taken for a server's, whose names begin with `hublet-`. */
export function commandUnitName(instanceId: string): string {
  return `${prefixOf(instanceId)}${randomBytes(8).toString('hex')}.service`;
}

function prefixOf(instanceId: string): string {
  return `${commandUnitPrefix}${instanceId.slice(0, INSTANCE_DIGITS)}-`;
}

export class Commands implements CommandRunner {
  readonly #options: CommandsOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #lost = new Set<string>();

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  async run(
    name: string,
    properties: readonly UnitProperty[],
    patienceMs: number,
    signal: AbortSignal,
  ): Promise<CommandEnd> {
    if (signal.aborted) return notMade('given up');
    const { promise, resolve } = Promise.withResolvers<CommandEnd>();
    // Before the call: a short command may have ended before its reply.
    this.#waiting.set(name, { facts: {}, settle: resolve });
    const giveUp = (why: string): void => {
      resolve(notMade(why));
      this.#stop(name);
    };
    const onAbort = (): void => giveUp('given up');
    signal.addEventListener('abort', onAbort, { once: true });
    const cancelPatience = this.#options.clock.after(patienceMs, () => giveUp('systemd did not say what became of it'));
    try {
      await this.#options.manager().startTransientUnit(name, properties);
    } catch (error) {
      if (!(error instanceof SystemdError)) throw error;
      if (error.code === 'UnknownOutcome') this.#stop(name);
      resolve(notMade(error.message));
    }
    try {
      return await promise;
    } finally {
      cancelPatience();
      signal.removeEventListener('abort', onAbort);
      this.#waiting.delete(name);
    }
  }

  async sweep(instanceId: string): Promise<void> {
    const manager = this.#options.manager();
    const names = await manager.listUnits(`${prefixOf(instanceId)}*.service`, (rows) => rows.map(({ name }) => name));
    for (const name of names) this.#stop(name);
  }

  /** Whether the signal was about a command. What systemd said last of one when its job ended is what became of it. */
  take(signal: SystemdSignal): boolean {
    switch (signal.kind) {
      case 'commandChanged': {
        const waiting = this.#waiting.get(signal.unit);
        if (waiting !== undefined) waiting.facts = { ...waiting.facts, ...signal.service };
        return true;
      }
      case 'commandJobRemoved': {
        const waiting = this.#waiting.get(signal.unit);
        waiting?.settle(endOf(signal.result, waiting.facts));
        return true;
      }
      default:
        return false;
    }
  }

  /** The connection is gone, and with it what would have told. */
  lose(reason: string): void {
    for (const [name, { settle }] of this.#waiting) {
      this.#lost.add(name);
      settle(notMade(reason));
    }
  }

  /** There is a connection again: what was lost with the one before is stopped. */
  resume(): void {
    for (const name of this.#lost) this.#stop(name);
    this.#lost.clear();
  }

  /** Nobody waits for that: a unit that can't be stopped ends at its own time limit. */
  #stop(name: string): void {
    const { manager, log } = this.#options;
    const stopped = async (): Promise<void> => manager().stopUnit(name);
    stopped().catch((err: unknown) => {
      if (err instanceof SystemdError && (err.code === 'NoSuchUnit' || err.code === 'Disconnected')) return;
      log.warn({ unit: name, err }, 'a command that is not waited for any more was not stopped');
    });
  }
}

function endOf(job: string, { result, execMainCode, execMainStatus }: ServiceFacts): CommandEnd {
  if (job === 'done') return { kind: 'ended', result: 'success', code: 1, status: 0 };
  if (job !== 'failed' || result === undefined || result === 'success') return notMade(`its start job: ${job}`);
  return { kind: 'ended', result, code: execMainCode ?? 0, status: execMainStatus ?? 0 };
}

function notMade(message: string): CommandEnd {
  return { kind: 'notMade', message };
}
