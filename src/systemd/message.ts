import { ALIGNMENT, SIZE, typesOf, type WireType } from './signature.ts';
import { isTypedValue, nameOf, problemOf, WrongType } from './values.ts';
import { viewOf } from './view.ts';

/** What a method call says, whoever it is for. */
export interface CallMessage {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Empty where there are no arguments. */
  readonly signature: string;
  /** Arguments; a `v` is a `TypedValue`, 64-bit integers are bigint. */
  readonly body: readonly unknown[];
}

const METHOD_CALL = 1;
const PROTOCOL_VERSION = 1;
/** Of the fields of a header, with their types. */
const FIELD = { path: 1, interface: 2, member: 3, destination: 6, signature: 8 } as const;
/** What each begins with: little-endian, a call, no flags, the version. */
const OPENING = Uint8Array.of(0x6c, METHOD_CALL, 0, PROTOCOL_VERSION);
/** Enough for the start of most units. */
const FIRST_BYTES = 4096;

/**
 * A method call as it goes over the wire. Each value is checked and written in one walk: the library makes half a dozen
 * objects of each first, which costs as much as the rest of a start.
 *
 * @throws {WrongType} for any value that doesn't fit its type: 64-bit values must be bigint, all other numbers must not.
 * The message says where, the property where it is one's, never the value
 * @throws {SyntaxError} where a signature is none
 * @see D-Bus Specification, "Message Format"
 */
export function encodeCall(call: CallMessage, serial: number): Buffer {
  const writer = new MessageWriter();
  writer.bytes(OPENING);
  const bodyLengthAt = writer.uint32(0);
  writer.uint32(serial);
  const fieldsLengthAt = writer.uint32(0);
  const fieldsAt = writer.length;
  writer.field(FIELD.path, 'o', call.path);
  writer.field(FIELD.interface, 's', call.interface);
  writer.field(FIELD.member, 's', call.member);
  writer.field(FIELD.destination, 's', call.destination);
  if (call.signature !== '') writer.field(FIELD.signature, 'g', call.signature);
  writer.setUint32(fieldsLengthAt, writer.length - fieldsAt);
  writer.align(8);
  const bodyAt = writer.length;
  writer.body(call);
  writer.setUint32(bodyLengthAt, writer.length - bodyAt);
  return writer.done();
}

class MessageWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #view = viewOf(this.#bytes);
  #at = 0;
  /** The way to the value that is being written; a number is the place in a list. */
  #way: (string | number)[] = [];

  get length(): number {
    return this.#at;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  body({ member, signature, body }: CallMessage): void {
    const types = typesOf(signature);
    if (types.length !== body.length) {
      throw new WrongType(`${member}: ${types.length} arguments expected by "${signature}", ${body.length} given`);
    }
    for (const [index, type] of types.entries()) {
      this.#way = [types.length === 1 ? member : `${member} argument ${index}`];
      this.#value(type, body[index]);
    }
  }

  field(code: number, signature: 'o' | 's' | 'g', value: string): void {
    this.align(8);
    this.#reserve(1)[this.#at - 1] = code;
    this.#text('g', signature);
    this.#text(signature, value);
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#at;
    this.#reserve(bytes.length).set(bytes, at);
  }

  /** Returns where it was written. */
  uint32(value: number): number {
    this.align(4);
    this.#reserve(4);
    this.#view.setUint32(this.#at - 4, value, true);
    return this.#at - 4;
  }

  setUint32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  align(size: number): void {
    const from = this.#at;
    const bytes = this.#reserve(-from & (size - 1));
    for (let at = from; at < this.#at; at += 1) bytes[at] = 0;
  }

  #value(type: WireType, value: unknown): void {
    switch (type.code) {
      case 'v':
        this.#variant(value);
        return;
      case 'a':
        this.#array(type.parts[0] as WireType, value);
        return;
      case '(':
        this.#struct(type.parts, value);
        return;
      case 's':
      case 'o':
      case 'g':
        this.#text(type.code, value);
        return;
      default:
        this.#number(type.code, value);
    }
  }

  #variant(value: unknown): void {
    if (!isTypedValue(value)) throw this.#failure(`a typed value expected, ${nameOf(value)} given`);
    const types = typesOf(value.signature);
    const [only] = types;
    if (only === undefined || types.length !== 1) throw this.#failure(`"${value.signature}" is not one complete type`);
    this.#text('g', value.signature);
    this.#value(only, value.value);
  }

  #array(element: WireType, value: unknown): void {
    const isBytes = element.code === 'y' && value instanceof Uint8Array;
    if (!isBytes && !Array.isArray(value)) throw this.#failure(`a list expected ("a"), ${nameOf(value)} given`);
    const lengthAt = this.uint32(0);
    this.align(ALIGNMENT[element.code] ?? 1);
    const start = this.#at;
    if (isBytes) this.bytes(value);
    else for (let index = 0; index < value.length; index += 1) this.#part(index, element, value[index]);
    this.setUint32(lengthAt, this.#at - start);
  }

  #struct(parts: readonly WireType[], value: unknown): void {
    if (!Array.isArray(value) || value.length !== parts.length)
      throw this.#failure(`a list of ${parts.length} expected (struct), ${nameOf(value)} given`);
    this.align(8);
    const [first, second] = parts;
    if (parts.length === 2 && first?.code === 's' && second?.code === 'v') this.#property(value);
    else for (const [index, part] of parts.entries()) this.#part(`.${index}`, part, value[index]);
  }

  /** Whatever is wrong with it is told by its name. */
  #property([name, value]: readonly unknown[]): void {
    const way = this.#way;
    this.#text('s', name);
    this.#way = [String(name)];
    this.#variant(value);
    this.#way = way;
  }

  #part(step: string | number, type: WireType, value: unknown): void {
    this.#way.push(step);
    this.#value(type, value);
    this.#way.pop();
  }

  #text(code: 's' | 'o' | 'g', value: unknown): void {
    const length = typeof value === 'string' ? Buffer.byteLength(value) : 0;
    const problem = problemOf(code, value, length);
    if (problem !== undefined || typeof value !== 'string') throw this.#failure(problem ?? '');
    if (code === 'g') this.#reserve(1)[this.#at - 1] = length;
    else this.uint32(length);
    const at = this.#at;
    const bytes = this.#reserve(length + 1);
    bytes.write(value, at);
    bytes[at + length] = 0;
  }

  #number(code: string, value: unknown): void {
    const problem = problemOf(code, value);
    if (problem !== undefined) throw this.#failure(problem);
    this.align(ALIGNMENT[code] ?? 1);
    const at = this.#at;
    this.#reserve(SIZE[code] ?? 1);
    const view = this.#view;
    switch (code) {
      case 'y':
        view.setUint8(at, value as number);
        return;
      case 'n':
        view.setInt16(at, value as number, true);
        return;
      case 'q':
        view.setUint16(at, value as number, true);
        return;
      case 'i':
        view.setInt32(at, value as number, true);
        return;
      case 'u':
        view.setUint32(at, value as number, true);
        return;
      case 'b':
        view.setUint32(at, value === true ? 1 : 0, true);
        return;
      case 'x':
        view.setBigInt64(at, value as bigint, true);
        return;
      case 't':
        view.setBigUint64(at, value as bigint, true);
        return;
      case 'd':
        view.setFloat64(at, value as number, true);
    }
  }

  #failure(problem: string): WrongType {
    const way = this.#way.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join('');
    return new WrongType(`${way}: ${problem}`);
  }

  /** Steps over so many bytes; returns the buffer, which may be another by now. */
  #reserve(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.#at);
      this.#bytes = larger;
      this.#view = viewOf(larger);
    }
    this.#at = end;
    return this.#bytes;
  }
}
