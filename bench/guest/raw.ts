/** systemd over D-Bus and nothing else: what hublet is measured against. */
import { Message, type MessageBus, MessageType, systemBus, Variant } from 'dbus-next';
import type { UnitProperty } from '../../src/units/types.ts';

const SYSTEMD = 'org.freedesktop.systemd1';
const ROOT = '/org/freedesktop/systemd1';

/** As the library wants it. None of the values holds another variant. */
type SignedProperty = readonly [name: string, value: Variant];

/** One connection on the library's low level, with one rule: that jobs are over. */
export class RawSystemd {
  readonly #bus: MessageBus;
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

  private constructor(bus: MessageBus) {
    this.#bus = bus;
    bus.on('message', (message: Message) => {
      if (message.type !== MessageType.SIGNAL || message.member !== 'JobRemoved') return;
      const [, , unit, result] = message.body as unknown as readonly [number, string, string, string];
      const waiting = this.#waiting.get(unit);
      this.#waiting.delete(unit);
      if (result === 'done') waiting?.resolve();
      else waiting?.reject(new Error(`the job of ${unit} ended with ${result}`));
    });
  }

  static async connect(): Promise<RawSystemd> {
    const bus = systemBus();
    await new Promise<void>((resolve, reject) => {
      bus.once('connect', resolve);
      bus.once('error', reject);
    });
    const raw = new RawSystemd(bus);
    const rule = `type='signal',sender='${SYSTEMD}',interface='${SYSTEMD}.Manager',member='JobRemoved'`;
    await raw.#call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'AddMatch', 's', [rule]);
    await raw.#manager('Subscribe', '', []);
    return raw;
  }

  /** Starts one unit. Resolves when its job is done. */
  async start(unit: string, properties: readonly UnitProperty[]): Promise<void> {
    const job = Promise.withResolvers<void>();
    // Before the call: the signal may come before the reply.
    this.#waiting.set(unit, job);
    await this.#manager('StartTransientUnit', 'ssa(sv)a(sa(sv))', [unit, 'fail', properties.map(sign), []]);
    await job.promise;
  }

  /** Starts many units, so many under way at a time. */
  async startAll(units: ReadonlyMap<string, readonly UnitProperty[]>, inFlight: number): Promise<void> {
    const left = [...units];
    const worker = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) await this.start(...next);
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  }

  close(): void {
    this.#bus.disconnect();
  }

  #manager(member: string, signature: string, body: readonly unknown[]): Promise<readonly unknown[]> {
    return this.#call(SYSTEMD, ROOT, `${SYSTEMD}.Manager`, member, signature, body);
  }

  async #call(
    destination: string,
    path: string,
    from: string,
    member: string,
    signature: string,
    body: readonly unknown[],
  ): Promise<readonly unknown[]> {
    const message = new Message({ destination, path, interface: from, member, signature, body: [...body] });
    const reply = await this.#bus.call(message);
    return reply?.body ?? [];
  }
}

function sign({ name, signature, value }: UnitProperty): SignedProperty {
  return [name, new Variant(signature, value)];
}
