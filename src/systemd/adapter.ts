import type { UnitProperty } from '../units/types.ts';
import { PropertyNames } from './body.ts';
import { Commands } from './commands.ts';
import { type AdminSettings, readAdminSettings } from './dropIns.ts';
import { untilProcessesAreGone } from './leftProcesses.ts';
import { Link, type LinkOptions } from './link.ts';
import type { Manager } from './manager.ts';
import { UnitMirror } from './mirror.ts';
import { isUnitName } from './path.ts';
import { type SliceState, type Systemd, SystemdError, type SystemdEvent, type UnitState } from './port.ts';
import { UnitReader } from './reader.ts';
import { readProperties, type SystemdSignal } from './signals.ts';

export interface SystemdOptions extends LinkOptions {
  /** D-Bus names of the Service properties kept in `UnitState.live`. */
  readonly liveProperties: readonly string[];
  /** Whether processes are in a control group; absent: nobody looks, and what systemd calls ended has ended. */
  readonly hasProcesses?: ((controlGroup: string) => boolean) | undefined;
  /** Told each time a connection was made again after it had been lost. */
  readonly onReconnect?: (() => void) | undefined;
}

/** For where the signal that says so may never come: after a listing from a new systemd, and without a connection. */
const reloadOver: SystemdSignal = { kind: 'reloading', isActive: false };

/**
 * systemd over D-Bus: joins the connection (`Link`), systemd's methods (`Manager`) and what is known of the units
 * (`UnitMirror`) to the port that the rest of hublet sees.
 */
export class SystemdOverDbus implements Systemd {
  readonly #options: SystemdOptions;
  readonly #mirror: UnitMirror;
  readonly #reader: UnitReader;
  readonly #link: Link;
  readonly commands: Commands;
  readonly #listeners = new Set<(event: SystemdEvent) => void>();
  readonly #changed = new Set<string>();
  #version = '';
  #controlGroup = '';
  #isShuttingDown = false;
  #hasBeenConnected = false;
  #reloads = 0;
  #onFirstConnection: (() => void) | undefined;

  constructor(options: SystemdOptions) {
    this.#options = options;
    this.#mirror = new UnitMirror(options.liveProperties);
    const announce = (names: readonly string[]): void => this.#announce(names);
    this.#reader = new UnitReader({ mirror: this.#mirror, log: options.log, announce });
    this.commands = new Commands({ ...options, manager: () => this.#link.manager() });
    this.#link = new Link(options, {
      properties: new PropertyNames([...readProperties, ...options.liveProperties]),
      onSignal: (signal) => this.#take(signal),
      list: (manager) => this.#listAfterConnecting(manager),
      onConnected: () => this.#connected(),
      onDisconnected: (reason) => this.#disconnected(reason),
    });
  }

  open(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#options.clock.after(timeoutMs, () => {
        const reason = this.#link.reason() || 'no answer';
        this.close();
        reject(new SystemdError('Disconnected', `no connection to systemd in ${timeoutMs} ms: ${reason}`));
      });
      this.#onFirstConnection = () => {
        cancelTimer();
        resolve();
      };
      this.#link.open();
    });
  }

  close(): void {
    this.#link.close();
  }

  isConnected(): boolean {
    return this.#link.isConnected();
  }

  loadedUnits(): readonly string[] {
    return this.#mirror.loaded();
  }

  unit(name: string): UnitState | undefined {
    return untilProcessesAreGone(this.#mirror.unit(name), this.#options.hasProcesses ?? (() => false));
  }

  forget(name: string): void {
    this.#mirror.forget(name);
  }

  version(): string {
    return this.#version;
  }

  controlGroup(): string {
    return this.#controlGroup;
  }

  on(listener: (event: SystemdEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async relist(): Promise<readonly string[]> {
    return this.#reader.relist(this.#link.manager());
  }

  async read(name: string): Promise<UnitState | undefined> {
    return this.#reader.read(this.#link.manager(), name);
  }

  async startTransientUnit(name: string, properties: readonly UnitProperty[]): Promise<void> {
    await this.#managerFor(name).startTransientUnit(name, properties);
  }

  async stopUnit(name: string): Promise<void> {
    const manager = this.#managerFor(name);
    // Before the call: the signals of the stop may come before its reply.
    this.#mirror.expectStop(name, true);
    try {
      await manager.stopUnit(name);
    } catch (error) {
      const isCarriedOut = error instanceof SystemdError && error.code === 'UnknownOutcome';
      if (!isCarriedOut) this.#mirror.expectStop(name, false);
      throw error;
    }
  }

  async resetFailedUnit(name: string): Promise<void> {
    await this.#managerFor(name).resetFailedUnit(name);
  }

  async setUnitProperties(name: string, properties: readonly UnitProperty[]): Promise<void> {
    const manager = this.#managerFor(name);
    try {
      await manager.setUnitProperties(name, properties);
    } finally {
      this.#mirror.dropLive(name);
    }
  }

  async readSlice(name: string): Promise<SliceState> {
    return this.#managerFor(name).unitProperties(name, 'Slice', (properties) => {
      const { ControlGroup: controlGroup, ...live } = properties;
      return { controlGroup: typeof controlGroup === 'string' ? controlGroup : '', live };
    });
  }

  async adminSettings(name: string): Promise<AdminSettings> {
    return readAdminSettings(await this.#managerFor(name).dropInPaths(name), this.#options.log);
  }

  async systemState(): Promise<string> {
    return this.#readSystemState(this.#link.manager());
  }

  #managerFor(name: string): Manager {
    if (!isUnitName(name)) throw new SystemdError('NoSuchUnit', `"${name}" is not a unit name that systemd takes`);
    return this.#link.manager();
  }

  #take(signal: SystemdSignal): void {
    if (this.commands.take(signal)) return;
    this.#announce(this.#mirror.apply(signal));
    if (signal.kind === 'shutdownJob') {
      // At once: the ends that follow are systemd's doing, and some come before it has told its state.
      this.#noteShutdown(true);
      this.#inBackground('read system state', (manager) => this.#readSystemState(manager));
    } else if (signal.kind === 'reloading') {
      if (!signal.isActive) this.#inBackground('list after reload', (manager) => this.#listAfterReload(manager));
    } else if (signal.kind === 'ownerChanged' && signal.owner !== '') {
      this.#mirror.markStale();
      this.#inBackground('list after re-execution', async (manager) => {
        await manager.renewSubscription();
        // It may be another: an upgrade re-executes it.
        this.#version = await manager.managerProperty('Version');
        await this.#listAfterReload(manager);
        this.#mirror.apply(reloadOver);
      });
    }
  }

  async #listAfterConnecting(manager: Manager): Promise<void> {
    this.#version = await manager.managerProperty('Version');
    this.#controlGroup = await manager.managerProperty('ControlGroup');
    await this.#readSystemState(manager);
    await this.#reader.relist(manager);
  }

  async #listAfterReload(manager: Manager): Promise<void> {
    this.#mirror.dropLive();
    this.#reloads += 1;
    const reload = this.#reloads;
    await this.#reader.relist(manager);
    // Another reload since then has a listing of its own: that one tells.
    if (reload === this.#reloads) this.#emit({ kind: 'reloaded' });
  }

  async #readSystemState(manager: Manager): Promise<string> {
    const state = await manager.managerProperty('SystemState');
    this.#noteShutdown(state === 'stopping');
    return state;
  }

  #noteShutdown(isShuttingDown: boolean): void {
    if (this.#isShuttingDown === isShuttingDown) return;
    this.#isShuttingDown = isShuttingDown;
    this.#emit({ kind: isShuttingDown ? 'shutdown' : 'shutdownCancelled' });
  }

  #connected(): void {
    this.commands.resume();
    if (this.#hasBeenConnected) this.#options.onReconnect?.();
    this.#hasBeenConnected = true;
    this.#onFirstConnection?.();
    this.#onFirstConnection = undefined;
    this.#emit({ kind: 'connected' });
  }

  #disconnected(reason: string): void {
    this.commands.lose(reason);
    this.#mirror.markStale();
    this.#mirror.apply(reloadOver);
    this.#emit({ kind: 'disconnected', reason });
  }

  /** Work that a signal asks for and nobody waits for. What fails is made good by a new connection, which lists everything. */
  #inBackground(what: string, work: (manager: Manager) => Promise<unknown>): void {
    const manager = this.#link.current();
    if (manager === undefined) return;
    work(manager).catch((error: unknown) => {
      this.#options.log.warn({ err: error, action: what }, 'connecting to systemd anew');
      this.#link.restart(manager, `${what}: ${error instanceof Error ? error.message : error}`);
    });
  }

  /** One event per unit for all the signals that arrived together. */
  #announce(names: readonly string[]): void {
    if (names.length === 0) return;
    if (this.#changed.size === 0) queueMicrotask(() => this.#flush());
    for (const name of names) this.#changed.add(name);
  }

  #flush(): void {
    const names = [...this.#changed];
    this.#changed.clear();
    for (const unit of names) this.#emit({ kind: 'changed', unit });
  }

  #emit(event: SystemdEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#options.log.error({ err: error, action: event.kind }, 'listener of systemd events failed');
      }
    }
  }
}
