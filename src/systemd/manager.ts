import type { Clock } from '../clock.ts';
import type { UnitProperty } from '../units/types.ts';
import type { Bus, BusCall } from './bus.ts';
import { DbusFailure, toSystemdError } from './errors.ts';
import { unitPath } from './path.ts';
import { SystemdError, type UnitState } from './port.ts';
import type { UnitRow } from './units.ts';
import type { TypedValue } from './values.ts';

/** systemd's D-Bus methods, typed, over one connection. Keeps nothing. @see org.freedesktop.systemd1(5) */
export class Manager {
  readonly #bus: Bus;
  readonly #options: ManagerOptions;

  constructor(bus: Bus, options: ManagerOptions) {
    this.#bus = bus;
    this.#options = options;
  }

  /**
   * Asks for systemd's own signals, for those of its units as such and as services, and for changes of its name: a rule each.
   *
   * D-Bus has no rule for the beginning of a name, so what is about other units is thrown away on arrival; what is about targets,
   * slices and mounts as such, a third of the signals of a start, does not even come. Nor has it one rule for
   * two senders: without a sender, one over both paths would bring what every other program on the bus sends below
   * /org/freedesktop (logins, each name that comes and goes), and anybody's signals that claim to be systemd's.
   *
   * @param takeOwner gets systemd's unique name on the bus
   */
  async subscribe(takeOwner: (owner: string) => void): Promise<void> {
    await this.#callBus('AddMatch', [
      `type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${systemd}'`,
    ]);
    const ofUnits = `member='PropertiesChanged',path_namespace='${root}/unit'`;
    for (const rule of [`path='${root}'`, ...['Unit', 'Service'].map((of) => `${ofUnits},arg0='${systemd}.${of}'`)]) {
      await this.#callBus('AddMatch', [`type='signal',sender='${systemd}',${rule}`]);
    }
    await this.#callBus('GetNameOwner', [systemd], ([owner]) => takeOwner(String(owner)));
    await this.renewSubscription();
  }

  /** Tells systemd to send signals at all. It remembers that over daemon-reexec. */
  async renewSubscription(): Promise<void> {
    try {
      await this.#call('Subscribe', '', []);
    } catch (error) {
      if (!(error instanceof DbusFailure && error.dbusName === 'org.freedesktop.systemd1.AlreadySubscribed'))
        throw error;
    }
  }

  /**
   * Loaded units that match a pattern. Those that are only referred to by name (`not-found`) are left out.
   *
   * @param take gets the rows at once, before any later signal; so also below
   */
  listUnits<T>(pattern: string, take: (rows: readonly UnitRow[]) => T): Promise<T> {
    return this.#call('ListUnitsByPatterns', 'asas', [[], [pattern]], ([rows]) =>
      take((rows as readonly (readonly unknown[])[]).map(toRow).filter((row) => row.loadState !== 'not-found')),
    );
  }

  /** All properties of a unit's interface. Answers for a unit that is gone too: look at LoadState. */
  unitProperties<T>(name: string, of: 'Unit' | 'Service' | 'Slice', take: (properties: Properties) => T): Promise<T> {
    const [path, interfaceName] = [unitPath(name), `${systemd}.${of}`];
    return this.#properties('GetAll', path, 's', [interfaceName], ([properties]) => take(properties as Properties));
  }

  /** Bytes of a unit's InvocationID. */
  invocationId<T>(name: string, take: (id: Uint8Array) => T): Promise<T> {
    return this.#properties('Get', unitPath(name), 'ss', [`${systemd}.Unit`, 'InvocationID'], ([id]) =>
      take(id as Uint8Array),
    );
  }

  /** Paths of the drop-ins that a unit has, those of `systemctl set-property` among them. */
  dropInPaths(name: string): Promise<readonly string[]> {
    return this.#properties('Get', unitPath(name), 'ss', [`${systemd}.Unit`, 'DropInPaths'], ([paths]) =>
      (paths as readonly unknown[]).map(String),
    );
  }

  managerProperty(property: 'Version' | 'SystemState' | 'ControlGroup'): Promise<string> {
    return this.#properties('Get', root, 'ss', [`${systemd}.Manager`, property], ([value]) => String(value));
  }

  async startTransientUnit(name: string, properties: readonly UnitProperty[]): Promise<void> {
    await this.#call('StartTransientUnit', 'ssa(sv)a(sa(sv))', [name, 'fail', properties.map(toPair), []]);
  }

  async stopUnit(name: string): Promise<void> {
    await this.#call('StopUnit', 'ss', [name, 'replace']);
  }

  async resetFailedUnit(name: string): Promise<void> {
    await this.#call('ResetFailedUnit', 's', [name]);
  }

  /** At run time only. systemd appends to lists, so each is emptied first, in the same call. */
  async setUnitProperties(name: string, properties: readonly UnitProperty[]): Promise<void> {
    const pairs = properties.flatMap((property) => {
      const isAppended = property.signature.startsWith('a') && property.signature !== 'ay';
      const isEmpty = Array.isArray(property.value) && property.value.length === 0;
      return isAppended && !isEmpty ? [toPair({ ...property, value: [] }), toPair(property)] : [toPair(property)];
    });
    await this.#call('SetUnitProperties', 'sba(sv)', [name, true, pairs]);
  }

  /** Resolves when the bus answers: it lives. Not by Peer.Ping, which the system bus's policy refuses (and logs). */
  async ping(): Promise<void> {
    await this.#send({ ...busObject, interface: 'org.freedesktop.DBus', member: 'GetId', signature: '', body: [] });
  }

  #call<T = unknown>(member: string, signature: string, body: readonly unknown[], take?: Take<T>): Promise<T> {
    const call = { destination: systemd, path: root, interface: `${systemd}.Manager`, member, signature, body };
    return this.#send(call, take);
  }

  #properties<T>(
    member: 'Get' | 'GetAll',
    path: string,
    signature: string,
    body: readonly unknown[],
    take: Take<T>,
  ): Promise<T> {
    const properties = 'org.freedesktop.DBus.Properties';
    return this.#send({ destination: systemd, path, interface: properties, member, signature, body }, take);
  }

  #callBus(member: string, body: readonly unknown[], take?: Take<unknown>): Promise<unknown> {
    return this.#send({ ...busObject, interface: 'org.freedesktop.DBus', member, signature: 's', body }, take);
  }

  async #send<T = unknown>(call: Omit<BusCall, 'timeoutMs'>, take: Take<T> = ([first]) => first as T): Promise<T> {
    const { clock, callTimeoutMs, onCall } = this.#options;
    const startMs = clock.monotonicMs();
    try {
      const answer = await this.#bus.call({ ...call, timeoutMs: callTimeoutMs }, take);
      onCall?.(call.member, 'success', (clock.monotonicMs() - startMs) / 1000);
      return answer;
    } catch (error) {
      onCall?.(call.member, 'error', (clock.monotonicMs() - startMs) / 1000);
      throw toSystemdError(error);
    }
  }
}

type Properties = Readonly<Record<string, unknown>>;
type Take<T> = (body: readonly unknown[]) => T;

export interface ManagerOptions {
  readonly clock: Clock;
  readonly callTimeoutMs: number;
  /** Told of every call with its method, and the seconds until its reply or failure. */
  readonly onCall?: ((method: string, result: 'success' | 'error', seconds: number) => void) | undefined;
}

const systemd = 'org.freedesktop.systemd1';
const root = '/org/freedesktop/systemd1';
const busObject = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus' } as const;

function toRow(row: readonly unknown[]): UnitRow {
  return {
    name: String(row[0]),
    loadState: String(row[2]),
    activeState: String(row[3]) as UnitState['activeState'],
    subState: String(row[4]),
    job: Number(row[7]),
    jobType: String(row[8]),
  };
}

/** @throws {SystemdError} `InvalidProperty` */
function toPair({ name, signature, value }: UnitProperty): readonly [string, TypedValue] {
  if (/^[A-Za-z][A-Za-z0-9]*$/.test(name)) return [name, { signature, value }];
  throw new SystemdError('InvalidProperty', `"${name}" is not the name of a unit property`);
}
