import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { type Message, type MessageBus, MessageType, sessionBus } from 'dbus-next';
import type { Clock } from '../clock.ts';
import { toLibraryAddress } from './address.ts';
import { type PropertyNames, readBody } from './body.ts';
import { DbusFailure } from './errors.ts';
import { type Handling, interceptMessages } from './filter.ts';
import type { MessageHeader } from './header.ts';
import { type CallMessage, encodeCall } from './message.ts';
import { SystemdError } from './port.ts';
import { WrongType } from './values.ts';

/** One connection to a D-Bus daemon: calls with a time limit, signals, and one clear end. Knows nothing of systemd. */
export interface Bus {
  /**
   * Sends a method call and resolves with what `take` makes of the body of its reply.
   *
   * `take` runs when the reply arrives, before any message that came after it is looked at: a promise alone would be
   * continued only after them, and old news would then overwrite new.
   *
   * @throws {SystemdError} `InvalidProperty` where the body doesn't fit its signature (nothing is sent), `UnknownOutcome`
   * when no reply came in time or the connection ended first, `Disconnected` when it had ended before; else what the
   * error reply means
   */
  call<T>(call: BusCall, take: (body: readonly unknown[]) => T): Promise<T>;
  /** Ends the connection: calls under way fail, nothing more is told. */
  close(): void;
}

export interface BusCall extends CallMessage {
  readonly timeoutMs: number;
}

export interface BusSignal {
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Plain values, variants opened. */
  readonly body: readonly unknown[];
}

export interface BusOptions {
  readonly address: string;
  readonly connectTimeoutMs: number;
  /** Ends an attempt that is no longer wanted, and has no effect on a connection that was made. */
  readonly abort: AbortSignal;
  readonly clock: Clock;
  /** Says by its header alone whether a signal is worth decoding. */
  readonly wantsSignal: (header: MessageHeader) => boolean;
  /** What is decoded of dictionaries of properties, in signals and replies alike; absent: all. */
  readonly properties?: PropertyNames | undefined;
  readonly onSignal: (signal: BusSignal) => void;
  /** The connection is gone, whatever the cause; called once, and not after `close`. */
  readonly onLost: (reason: string) => void;
  /** `onSignal` threw. */
  readonly onFault: (error: unknown) => void;
}

/** What of the library is private and still needed: there is no other way to see the connection end. */
interface Internals {
  readonly _connection: EventEmitter & { readonly stream: Socket };
  readonly _methodReturnHandlers: Record<number, (reply: Message) => void>;
}

interface Pending {
  readonly what: string;
  readonly take: (body: readonly unknown[]) => void;
  readonly reject: (error: unknown) => void;
  readonly cancelTimer: () => void;
}

/**
 * Connects to a D-Bus daemon and says hello.
 *
 * Uses the library for connecting and authentication only. Its `call` is left alone: it has no time limit, and forgets its
 * promises when the connection ends; calls are written and replies matched to them here.
 *
 * @throws {SystemdError} `Disconnected` where there is no daemon at the address or it doesn't answer in time
 */
export function connectBus(options: BusOptions): Promise<Bus> {
  return new Promise((resolve, reject) => {
    const connection = new Connection(options);
    connection.open(() => resolve(connection), reject);
  });
}

class Connection implements Bus {
  readonly #options: BusOptions;
  readonly #bus: MessageBus;
  readonly #stream: Socket;
  readonly #pending = new Map<number, Pending>();
  #endReason: string | undefined;
  #isClosedByUs = false;
  #onEnd: (reason: string) => void;

  constructor(options: BusOptions) {
    this.#options = options;
    this.#onEnd = options.onLost;
    // Only EXTERNAL: the library's other methods read key files and throw where nothing can catch.
    this.#bus = sessionBus({ busAddress: toLibraryAddress(options.address), authMethods: ['EXTERNAL'] });
    const internals = this.#bus as unknown as Internals;
    this.#stream = internals._connection.stream;
    // Listeners stay for good: an 'error' nobody listens to ends the process.
    this.#bus.on('error', (error: unknown) => this.#end(error instanceof Error ? error.message : String(error)));
    internals._connection.on('end', () => this.#end('the bus closed the connection'));
    this.#stream.on('close', () => this.#end('the connection closed'));
    internals._connection.once('connect', () =>
      interceptMessages(this.#stream, (header, body) => this.#take(header, body)),
    );
    this.#guardHello(internals);
  }

  open(onConnected: () => void, onFailed: (error: SystemdError) => void): void {
    const { address, connectTimeoutMs, abort, clock, onLost } = this.#options;
    const onAbort = (): void => this.#end('no longer wanted');
    abort.addEventListener('abort', onAbort);
    const cancelTimer = afterReading(clock, connectTimeoutMs, () => this.#end(`no answer in ${connectTimeoutMs} ms`));
    this.#onEnd = (reason) => {
      cancelTimer();
      abort.removeEventListener('abort', onAbort);
      onFailed(new SystemdError('Disconnected', `cannot connect to D-Bus at ${address}: ${reason}`));
    };
    this.#bus.once('connect', () => {
      cancelTimer();
      abort.removeEventListener('abort', onAbort);
      if (this.#endReason !== undefined) return;
      this.#onEnd = onLost;
      onConnected();
    });
  }

  async call<T>(call: BusCall, take: (body: readonly unknown[]) => T): Promise<T> {
    const what = call.member;
    if (this.#endReason !== undefined || !this.#stream.writable) {
      const reason = this.#endReason ?? 'the connection is being closed';
      throw new SystemdError('Disconnected', `${what}: not connected to D-Bus (${reason})`);
    }
    const serial = this.#bus.newSerial();
    const bytes = encode(call, serial);
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      // Whatever is wrong with the connection ends it, and with it all that is pending; nothing of that comes before this step is over.
      this.#stream.write(bytes);
      const cancelTimer = afterReading(clock, call.timeoutMs, () => {
        this.#pending.delete(serial);
        reject(new SystemdError('UnknownOutcome', `${what}: no reply in ${call.timeoutMs} ms`));
      });
      this.#pending.set(serial, { what, take: (body) => resolve(take(body)), reject, cancelTimer });
    });
  }

  close(): void {
    this.#isClosedByUs = true;
    // What was written still goes out, and a daemon that hangs can't keep this process alive.
    this.#stream.end();
    this.#stream.unref();
    this.#end('closed');
  }

  /** All but the reply to the library's own Hello is dealt with here; nothing may escape from it into the library. */
  #take(header: MessageHeader, body: Buffer): Handling {
    const { type, replySerial } = header;
    if (type === MessageType.SIGNAL) this.#takeSignal(header, body);
    else if (type === MessageType.METHOD_RETURN || type === MessageType.ERROR) {
      const pending = this.#pending.get(replySerial);
      if (pending === undefined) return 'pass';
      this.#pending.delete(replySerial);
      pending.cancelTimer();
      this.#settle(pending, header, body);
    }
    // Nothing may call methods on us.
    return 'taken';
  }

  #takeSignal(header: MessageHeader, body: Buffer): void {
    if (!this.#options.wantsSignal(header)) return;
    try {
      const { sender, path, interface: from, member } = header;
      this.#options.onSignal({ sender, path, interface: from, member, body: this.#read(header, body) });
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #settle(pending: Pending, header: MessageHeader, body: Buffer): void {
    try {
      const values = this.#read(header, body);
      if (header.type === MessageType.METHOD_RETURN) pending.take(values);
      else {
        const [text] = values;
        pending.reject(new DbusFailure(header.errorName, typeof text === 'string' ? text : '', pending.what));
      }
    } catch (error) {
      pending.reject(error);
    }
  }

  #read({ signature, isLittleEndian }: MessageHeader, body: Buffer): readonly unknown[] {
    return readBody(signature, body, isLittleEndian, this.#options.properties);
  }

  #end(reason: string): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    if (!this.#isClosedByUs) this.#stream.destroy();
    for (const { what, reject, cancelTimer } of this.#pending.values()) {
      cancelTimer();
      reject(new SystemdError('UnknownOutcome', `${what}: the connection to D-Bus ended before the reply (${reason})`));
    }
    this.#pending.clear();
    if (!this.#isClosedByUs) this.#onEnd(reason);
  }

  /** The library throws out of a promise nobody holds when Hello (its first call) is refused; take the refusal from it. */
  #guardHello(internals: Internals): void {
    const [serial, accept] = Object.entries(internals._methodReturnHandlers)[0] ?? [];
    if (serial === undefined || accept === undefined) return;
    internals._methodReturnHandlers[Number(serial)] = (reply) => {
      if (reply.type === MessageType.ERROR) this.#end(`the bus refused Hello: ${reply.errorName}`);
      else accept(reply);
    };
  }
}

/** @throws {SystemdError} `InvalidProperty` */
function encode(call: CallMessage, serial: number): Buffer {
  try {
    return encodeCall(call, serial);
  } catch (error) {
    if (!(error instanceof WrongType || error instanceof SyntaxError)) throw error;
    throw new SystemdError('InvalidProperty', error.message, { cause: error });
  }
}

/**
 * Fires `delayMs` from now, once what has arrived by then is read: a thread that was busy for long finds its timers due before it
 * has read the answer that came in time. Returns what cancels it.
 */
function afterReading(clock: Clock, delayMs: number, fire: () => void): () => void {
  let cancel = clock.after(delayMs, () => {
    cancel = clock.after(0, fire);
  });
  return () => cancel();
}
