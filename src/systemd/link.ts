import { createActor, fromPromise } from 'xstate';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { busMachine } from '../machines/bus.machine.ts';
import { systemBusAddress } from './address.ts';
import type { PropertyNames } from './body.ts';
import { type Bus, connectBus } from './bus.ts';
import type { MessageHeader } from './header.ts';
import { Manager } from './manager.ts';
import { commandUnitPathPrefix, ourUnitPathPrefix } from './path.ts';
import { SystemdError } from './port.ts';
import { readSignal, type SystemdSignal } from './signals.ts';

export interface LinkOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** D-Bus address; absent: the system bus. */
  readonly address?: string | undefined;
  /** How long a call may take, 25 s where absent. */
  readonly callTimeoutMs?: number | undefined;
  /** How long connecting may take, 5 s where absent. */
  readonly connectTimeoutMs?: number | undefined;
  /** How often the bus is asked whether it lives, 30 s where absent. */
  readonly pingIntervalMs?: number | undefined;
  readonly onCall?: ((method: string, result: 'success' | 'error', seconds: number) => void) | undefined;
}

export interface LinkEvents {
  /** What is decoded of a unit's properties. */
  readonly properties: PropertyNames;
  /** Signals from systemd and the bus themselves, in order; nobody else's. */
  readonly onSignal: (signal: SystemdSignal) => void;
  /** Signals flow again; what was missed must be read now. Rejects to have the connection made anew. */
  readonly list: (manager: Manager) => Promise<void>;
  readonly onConnected: () => void;
  readonly onDisconnected: (reason: string) => void;
}

/** Keeps one connection to systemd: makes it, notices its end however quiet, makes it again. */
export class Link {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #actor;
  #bus: Bus | undefined;
  #manager: Manager | undefined;
  /** systemd's unique name: any other user of the bus may send us signals that look like systemd's. */
  #owner = '';
  #cancelPing: (() => void) | undefined;
  #isConnected = false;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    const { clock } = options;
    const machine = busMachine.provide({
      actors: {
        connect: fromPromise(({ signal }) => this.#connect(signal)),
        subscribe: fromPromise(() => this.#subscribe()),
        list: fromPromise(() => events.list(this.manager())),
      },
      actions: {
        announceConnected: () => {
          this.#isConnected = true;
          this.#schedulePing();
          events.onConnected();
        },
        announceDisconnected: ({ context }) => events.onDisconnected(context.reason),
        drop: () => this.#drop(),
      },
    });
    this.#actor = createActor(machine, {
      clock: { setTimeout: (fire, delayMs) => clock.after(delayMs, fire), clearTimeout: (cancel) => cancel() },
    });
    this.#actor.subscribe((snapshot) => {
      if (snapshot.value === 'waiting')
        options.log.debug({ reason: snapshot.context.reason }, 'no connection to systemd');
    });
  }

  open(): void {
    this.#actor.start();
  }

  /** For good. Safe to call twice. */
  close(): void {
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send({ type: 'CLOSE' });
  }

  isConnected(): boolean {
    return this.#isConnected;
  }

  /** Why it isn't connected; empty where it is or hasn't been tried. */
  reason(): string {
    return this.#actor.getSnapshot().context.reason;
  }

  /** The present connection, also while it is still being set up; undefined where there is none. */
  current(): Manager | undefined {
    return this.#manager;
  }

  /** @throws {SystemdError} `Disconnected` */
  manager(): Manager {
    if (this.#manager !== undefined) return this.#manager;
    throw new SystemdError('Disconnected', `not connected to systemd (${this.reason() || 'not open'})`);
  }

  /** Gives a connection up, where it is still the present one; another is made and everything listed anew. */
  restart(manager: Manager, reason: string): void {
    if (this.#manager !== manager) return;
    this.#drop();
    this.#actor.send({ type: 'LOST', reason });
  }

  async #connect(abort: AbortSignal): Promise<void> {
    const { address, clock, log, connectTimeoutMs = 5_000, callTimeoutMs = 25_000, onCall } = this.#options;
    let manager: Manager | undefined;
    const bus = await connectBus({
      address: address ?? systemBusAddress(process.env),
      connectTimeoutMs,
      abort,
      clock,
      wantsSignal: (header) => this.#wants(header),
      properties: this.#events.properties,
      onSignal: (signal) => {
        const said = readSignal(signal);
        if (said === undefined) return;
        if (said.kind === 'ownerChanged') this.#owner = said.owner;
        this.#events.onSignal(said);
      },
      onLost: (reason) => {
        if (manager !== undefined) this.restart(manager, reason);
      },
      onFault: (error) => log.error({ err: error }, 'signal of systemd could not be handled'),
    });
    this.#bus = bus;
    this.#owner = '';
    manager = new Manager(bus, { clock, callTimeoutMs, onCall });
    this.#manager = manager;
  }

  async #subscribe(): Promise<void> {
    await this.manager().subscribe((owner) => {
      this.#owner = owner;
    });
  }

  #wants({ sender, path, member }: MessageHeader): boolean {
    if (sender === 'org.freedesktop.DBus') return true;
    if (sender !== this.#owner) return false;
    // Of a new unit its job tells.
    if (path === '/org/freedesktop/systemd1') return member !== 'UnitNew';
    return path.startsWith(ourUnitPathPrefix) || path.startsWith(commandUnitPathPrefix);
  }

  #schedulePing(): void {
    const { clock, pingIntervalMs = 30_000 } = this.#options;
    this.#cancelPing?.();
    this.#cancelPing = clock.after(pingIntervalMs, () => {
      const manager = this.manager();
      manager.ping().then(
        () => this.#manager === manager && this.#schedulePing(),
        (error: unknown) => this.restart(manager, `the bus did not answer a ping: ${error}`),
      );
    });
  }

  #drop(): void {
    this.#isConnected = false;
    this.#cancelPing?.();
    this.#cancelPing = undefined;
    this.#bus?.close();
    this.#bus = undefined;
    this.#manager = undefined;
    this.#owner = '';
  }
}
