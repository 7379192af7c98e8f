import { Message, type MessageBus, sessionBus, Variant } from 'dbus-next';
import { unitOfPath } from '../../../src/systemd/path.ts';
import { DbusDaemon } from './dbus-daemon.ts';
import { FakePid1, Refused, type Signal } from './pid1.ts';
import { knownProperties } from './properties.ts';

/**
 * A systemd to test against: org.freedesktop.systemd1 on a real dbus-daemon, with the real one's answers, signals and
 * garbage collection, and hands on everything that can go wrong. It starts no processes; its pids belong to nobody.
 */
export interface FakeSystemd {
  /** D-Bus address for `DBUS_SYSTEM_BUS_ADDRESS` or the adapter. Stays the same when the daemon is started again. */
  readonly address: string;

  /** Names of the loaded units, failed ones too. */
  units(): readonly string[];
  /** What systemd has of a unit; undefined where it isn't loaded. */
  unit(name: string): FakeUnitView | undefined;
  /** Calls that arrived, by method (`Get` and `GetAll` among them). */
  calls(): Readonly<Record<string, number>>;
  resetCalls(): void;
  /** Number of match rules of all connections but the fake's own. */
  matchRules(): Promise<number>;
  /** The largest number of units that were on their way up at the same time. */
  mostStarting(): number;
  /** Unique bus names of those who subscribed to signals. */
  subscribers(): readonly string[];
  /** A runtime property set on a slice, by whomever. */
  sliceProperty(slice: string, property: string): unknown;

  /** The main process ends: by itself, by a signal, or as systemd reports it (`oom-kill`, `watchdog` ...). */
  kill(name: string, end: { readonly exit: number } | { readonly signal: number }, result?: string): void;
  /** What commands (Type=oneshot) come to from now on, by their arguments: an exit code, or nothing while they run. 0 where never said. */
  commandsExit(exit: (argv: readonly string[]) => number | undefined): void;
  /** The unit's next start fails at exec: 203 by default. */
  failNextStart(name: string, status?: number): void;
  /** Somebody else stops, restarts or changes it, as with systemctl. */
  stopByOther(name: string): void;
  restartByOther(name: string): void;
  /** Somebody else makes a transient unit, without any marks. */
  startByOther(name: string): void;
  setByOther(name: string, property: string, value: unknown): void;
  /** The unit's processes ignore SIGTERM, now and after later starts: they end after TimeoutStopUSec, by SIGKILL. */
  ignoreTerm(name: string): void;
  /** The unit's processes hang in the kernel or do no longer: those that do are not ended by SIGKILL, and systemd keeps their control group. */
  hangInKernel(name: string, isHanging: boolean): void;
  /** Starts stay in `activating` until the returned function is called. */
  holdStarts(): () => void;

  /** Calls of a method (or `*`) get no answer until the returned function is called; then they are carried out. */
  hang(method: string): () => void;
  /** The next call of a method is refused. */
  failNextCall(method: string, dbusName: string, text: string): void;
  /** daemon-reload. Units end by `meanwhile` while it lasts. */
  reload(meanwhile?: () => void): Promise<void>;
  /** What it says that it is, from the next question on. */
  setVersion(version: string): void;
  /** daemon-reexec: calls under way get NoReply, the name has a new owner. */
  reexec(meanwhile?: () => void): Promise<void>;
  shutdown(): void;
  setSystemState(state: string): void;

  /** dbus-daemon dies; units go on. */
  killBus(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** dbus-daemon is there again, and systemd on it. */
  startBus(): Promise<void>;
  /** dbus-daemon takes connections and answers nothing. */
  freezeBus(isFrozen: boolean): void;
  close(): Promise<void>;
}

export interface FakeUnitView {
  readonly activeState: string;
  readonly subState: string;
  readonly result: string;
  readonly mainPid: number;
  readonly invocationId: string;
  /** Properties it was given, at its start and since, by D-Bus name. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Starts a dbus-daemon and a systemd on it. Close it at the end. */
export async function startFakeSystemd(): Promise<FakeSystemd> {
  const fake = new Systemd1();
  await fake.startBus();
  return fake;
}

const systemd = 'org.freedesktop.systemd1';
const manager = `${systemd}.Manager`;
const properties = 'org.freedesktop.DBus.Properties';

interface Call {
  readonly message: Message;
  readonly bus: MessageBus;
}

class Systemd1 implements FakeSystemd {
  readonly #daemon = new DbusDaemon();
  readonly #pid1 = new FakePid1((signal) => this.#broadcast(signal));
  #bus: MessageBus | undefined;
  readonly #subscribers = new Set<string>();
  #counts: Record<string, number> = {};
  readonly #hanging = new Map<string, Call[]>();
  readonly #refusals = new Map<string, Refused>();
  #isBusy = false;
  readonly #waiting: Call[] = [];

  get address(): string {
    return this.#daemon.address;
  }

  units(): readonly string[] {
    return [...this.#pid1.units.keys()];
  }

  unit(name: string): FakeUnitView | undefined {
    const unit = this.#pid1.units.get(name);
    if (unit === undefined) return undefined;
    const { activeState, subState, result, mainPid } = unit;
    const given = Object.fromEntries([...unit.given].map(([property, variant]) => [property, variant.value]));
    return { activeState, subState, result, mainPid, invocationId: unit.invocation.toString('hex'), properties: given };
  }

  calls(): Readonly<Record<string, number>> {
    return { ...this.#counts };
  }

  resetCalls(): void {
    this.#counts = {};
  }

  async matchRules(): Promise<number> {
    const bus = this.#requireBus();
    const reply = await bus.call(
      new Message({
        destination: 'org.freedesktop.DBus',
        path: '/org/freedesktop/DBus',
        interface: 'org.freedesktop.DBus.Debug.Stats',
        member: 'GetAllMatchRules',
      }),
    );
    const rules = reply?.body[0] as Record<string, readonly string[]>;
    return Object.entries(rules).reduce((sum, [owner, list]) => sum + (owner === nameOf(bus) ? 0 : list.length), 0);
  }

  mostStarting(): number {
    return this.#pid1.mostStarting;
  }

  subscribers(): readonly string[] {
    return [...this.#subscribers];
  }

  sliceProperty(slice: string, property: string): unknown {
    return this.#pid1.slices.get(slice)?.get(property)?.value;
  }

  kill(name: string, end: { readonly exit: number } | { readonly signal: number }, result?: string): void {
    this.#pid1.endProcess(name, end, result);
  }

  commandsExit(exit: (argv: readonly string[]) => number | undefined): void {
    this.#pid1.commandExit = (unit) => {
      const [command] = (unit.given.get('ExecStart')?.value ?? []) as readonly (readonly [string, string[]])[];
      return exit(command?.[1] ?? []);
    };
  }

  failNextStart(name: string, status = 203): void {
    this.#pid1.failingStarts.set(name, status);
  }

  stopByOther(name: string): void {
    this.#pid1.stop(name);
  }

  restartByOther(name: string): void {
    this.#pid1.restart(name);
  }

  startByOther(name: string): void {
    const command = new Variant('a(sasb)', [['/usr/bin/true', ['/usr/bin/true'], false]]);
    this.#pid1.start(name, [['ExecStart', command]]);
  }

  setByOther(name: string, property: string, value: unknown): void {
    const signature = knownProperties.get(property)?.signature;
    if (signature === undefined) throw new Error(`the fake does not know ${property}`);
    this.#pid1.setProperties(name, [[property, new Variant(signature, value)]]);
  }

  ignoreTerm(name: string): void {
    this.#pid1.stubborn.add(name);
    const unit = this.#pid1.units.get(name);
    if (unit !== undefined) unit.ignoresTerm = true;
  }

  hangInKernel(name: string, isHanging: boolean): void {
    const unit = this.#pid1.units.get(name);
    if (unit === undefined) throw new Error(`${name} is not loaded`);
    unit.outlivesKill = isHanging;
    unit.ignoresTerm = isHanging;
  }

  holdStarts(): () => void {
    this.#pid1.isHoldingStarts = true;
    return () => this.#pid1.releaseStarts();
  }

  hang(method: string): () => void {
    const held: Call[] = [];
    this.#hanging.set(method, held);
    return () => {
      this.#hanging.delete(method);
      for (const call of held) this.#answer(call);
    };
  }

  failNextCall(method: string, dbusName: string, text: string): void {
    this.#refusals.set(method, new Refused(dbusName, text));
  }

  async reload(meanwhile?: () => void): Promise<void> {
    this.#isBusy = true;
    this.#pid1.announceReload(true);
    meanwhile?.();
    await settled();
    this.#pid1.announceReload(false);
    this.#goOn();
  }

  async reexec(meanwhile?: () => void): Promise<void> {
    this.#isBusy = true;
    this.#pid1.announceReload(true);
    await settled();
    this.#bus?.disconnect();
    this.#bus = undefined;
    // What it had taken in and not answered is lost with the old process.
    this.#waiting.length = 0;
    meanwhile?.();
    await settled();
    await this.#connect();
    this.#pid1.announceReload(false);
    this.#goOn();
  }

  shutdown(): void {
    this.#pid1.shutdown();
  }

  setVersion(version: string): void {
    this.#pid1.version = version;
  }

  setSystemState(state: string): void {
    this.#pid1.systemState = state;
  }

  async killBus(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    this.#bus = undefined;
    // Without a bus systemd forgets who wanted its signals.
    this.#subscribers.clear();
    await this.#daemon.stop(signal);
  }

  async startBus(): Promise<void> {
    await this.#daemon.start();
    await this.#connect();
  }

  freezeBus(isFrozen: boolean): void {
    this.#daemon.freeze(isFrozen);
  }

  async close(): Promise<void> {
    for (const unit of this.#pid1.units.values()) unit.cancelTimer?.();
    this.#bus?.disconnect();
    this.#bus = undefined;
    await this.#daemon.close();
  }

  async #connect(): Promise<void> {
    const bus = sessionBus({ busAddress: this.address.replace('unix:path=', 'unix:socket=') });
    await new Promise<void>((resolve, reject) => {
      bus.once('connect', () => resolve());
      // Stays: the end of the daemon is an error of every connection.
      bus.on('error', reject);
    });
    bus.addMethodHandler((message: Message) => this.#receive({ message, bus }));
    await bus.requestName(systemd, 0);
    this.#bus = bus;
  }

  #receive(call: Call): boolean {
    const method = call.message.member;
    this.#counts[method] = (this.#counts[method] ?? 0) + 1;
    const held = this.#hanging.get(method) ?? this.#hanging.get('*');
    if (held !== undefined) held.push(call);
    else if (this.#isBusy) this.#waiting.push(call);
    else this.#answer(call);
    return true;
  }

  #goOn(): void {
    this.#isBusy = false;
    for (const call of this.#waiting.splice(0)) this.#answer(call);
  }

  #answer({ message, bus }: Call): void {
    if (bus !== this.#bus) return;
    try {
      const refused = this.#refusals.get(message.member);
      this.#refusals.delete(message.member);
      if (refused !== undefined) throw refused;
      const [signature, ...body] = this.#carryOut(message);
      bus.send(Message.newMethodReturn(message, signature, body));
    } catch (error) {
      const [name, text] =
        error instanceof Refused ? [error.dbusName, error.message] : ['System.Error.EIO', String(error)];
      const newError = Message.newError as unknown as (to: Message, name: string, text: string) => Message;
      bus.send(newError(message, name, text));
    }
  }

  /** The signature of the reply, then its arguments. */
  #carryOut(message: Message): [string, ...unknown[]] {
    const { body } = message;
    if (message.interface === properties) return this.#carryOutProperties(message);
    if (message.interface !== manager)
      throw new Refused('org.freedesktop.DBus.Error.UnknownInterface', 'not in this fake');
    switch (message.member) {
      case 'Subscribe':
        if (this.#subscribers.has(message.sender)) {
          throw new Refused(`${systemd}.AlreadySubscribed`, 'Client is already subscribed.');
        }
        this.#subscribers.add(message.sender);
        return [''];
      case 'StartTransientUnit':
        return ['o', this.#pid1.start(body[0], body[2])];
      case 'StopUnit':
        return ['o', this.#pid1.stop(body[0])];
      case 'RestartUnit':
        return ['o', this.#pid1.restart(body[0])];
      case 'ResetFailedUnit':
        this.#pid1.resetFailed(body[0]);
        return [''];
      case 'SetUnitProperties':
        this.#pid1.setProperties(body[0], body[2]);
        return [''];
      case 'ListUnitsByPatterns':
        return ['a(ssssssouso)', this.#pid1.list(body[1])];
      default:
        throw new Refused('org.freedesktop.DBus.Error.UnknownMethod', `${message.member} is not in this fake`);
    }
  }

  #carryOutProperties({ path, member, body }: Message): [string, ...unknown[]] {
    const all = this.#propertiesOf(path, body[0]);
    if (member === 'GetAll') return ['a{sv}', all];
    const value = all[body[1]];
    if (value === undefined)
      throw new Refused('org.freedesktop.DBus.Error.UnknownProperty', `Unknown property ${body[1]}`);
    return ['v', value];
  }

  #propertiesOf(path: string, of: string): Record<string, Variant> {
    if (of === manager) {
      return {
        Version: new Variant('s', this.#pid1.version),
        ControlGroup: new Variant('s', ''),
        SystemState: new Variant('s', this.#pid1.systemState),
      };
    }
    const name = unitOfPath(path);
    if (name === undefined) throw new Refused('org.freedesktop.DBus.Error.UnknownObject', `Unknown object '${path}'.`);
    const unit = this.#pid1.look(name);
    if (of === `${systemd}.Slice`) return this.#pid1.slice(name);
    return of === `${systemd}.Service` ? unit.service() : unit.unit();
  }

  #broadcast(signal: Signal): void {
    if (this.#bus === undefined || this.#subscribers.size === 0) return;
    const { path, interface: of, member, signature, body } = signal;
    this.#bus.send(Message.newSignal(path, of, member, signature, [...body]));
  }

  #requireBus(): MessageBus {
    if (this.#bus === undefined) throw new Error('the fake systemd has no bus now');
    return this.#bus;
  }
}

function nameOf(bus: MessageBus): string {
  return (bus as unknown as { readonly name: string }).name;
}

/** Lets what was written go out. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
