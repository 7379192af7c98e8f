import { ALIGNMENT, SIZE, typesOf, type WireType } from './signature.ts';
import { viewOf } from './view.ts';

/** Most arrays of bytes that are kept are the CPUs of units that have no CPUs of their own. */
const NO_BYTES = new Uint8Array(0);
const NO_NAMES: readonly Buffer[] = [];

/** Names of properties; the others of a dictionary `a{sv}` are passed over without being decoded. */
export class PropertyNames {
  /** By length, first and last byte: few are compared, and of a unit's four hundred properties hardly any other. */
  readonly #byShape = new Map<number, Buffer[]>();

  constructor(names: Iterable<string>) {
    for (const name of new Set(names)) {
      const bytes = Buffer.from(name);
      const shape = shapeOf(bytes, 0, bytes.length);
      const alike = this.#byShape.get(shape);
      if (alike === undefined) this.#byShape.set(shape, [bytes]);
      else alike.push(bytes);
    }
  }

  /** Whether the bytes there are one of the names; nothing is made of those that are not. */
  has(bytes: Buffer, start: number, length: number): boolean {
    for (const name of this.#byShape.get(shapeOf(bytes, start, length)) ?? NO_NAMES) {
      if (name.compare(bytes, start, start + length) === 0) return true;
    }
    return false;
  }
}

function shapeOf(bytes: Buffer, start: number, length: number): number {
  return (length << 16) | ((bytes[start] ?? 0) << 8) | (bytes[start + length - 1] ?? 0);
}

/**
 * The arguments of a message as plain values: variants opened, byte arrays copied, dictionaries as objects, 64-bit
 * integers as bigint. One walk over the bytes; what nobody asks for of an argument that is a dictionary of properties is
 * only stepped over.
 *
 * The library's own decoder makes four values of each, which cost more than all else hublet does for a start.
 * @param bytes the body, at its beginning; positions in it are aligned as in the message
 * @param wanted absent: all
 * @throws {RangeError} where the bytes are not what the signature says
 * @see D-Bus Specification, "Marshaling"
 */
export function readBody(
  signature: string,
  bytes: Buffer,
  isLittleEndian: boolean,
  wanted?: PropertyNames,
): readonly unknown[] {
  const reader = new BodyReader(bytes, isLittleEndian);
  return typesOf(signature).map((type) => reader.argument(type, wanted));
}

/** Of a type's code as a byte: the size of its values, 0 for a text that begins with its length. Absent: neither. */
const SIZE_OF_BYTE: readonly (number | undefined)[] = Array.from({ length: 128 }, (_, byte) => {
  const code = String.fromCharCode(byte);
  return code === 's' || code === 'o' ? 0 : SIZE[code];
});

class BodyReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #isLittle: boolean;
  #at = 0;

  constructor(bytes: Buffer, isLittle: boolean) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#isLittle = isLittle;
  }

  /** @param wanted for an argument that is a dictionary of properties itself */
  argument(type: WireType, wanted: PropertyNames | undefined): unknown {
    const entry = type.code === 'a' ? type.parts[0] : undefined;
    const isProperties = entry?.code === '{' && entry.parts[0]?.code === 's' && entry.parts[1]?.code === 'v';
    return isProperties ? this.#array(entry, wanted) : this.read(type);
  }

  read(type: WireType): unknown {
    switch (type.code) {
      case 'v':
        return this.read(this.#variantType());
      case 'a':
        return this.#array(type.parts[0] as WireType);
      case '(':
        this.#align(8);
        return type.parts.map((part) => this.read(part));
      case 's':
      case 'o':
      case 'g':
        return this.#text(type.code);
      default:
        return this.#number(type.code);
    }
  }

  #array(element: WireType, wanted?: PropertyNames): unknown {
    const length = this.#uint32();
    this.#align(ALIGNMENT[element.code] ?? 1);
    const end = this.#take(length) + length;
    this.#at = end - length;
    if (element.code === 'y') {
      this.#at = end;
      return length === 0 ? NO_BYTES : Uint8Array.from(this.#bytes.subarray(end - length, end));
    }
    if (element.code === '{') return this.#dictionary(element.parts, end, wanted);
    const items: unknown[] = [];
    while (this.#at < end) items.push(this.read(element));
    return items;
  }

  #dictionary(
    [keyType, valueType]: readonly WireType[],
    end: number,
    wanted: PropertyNames | undefined,
  ): Readonly<Record<string, unknown>> {
    const entries: [string, unknown][] = [];
    while (this.#at < end) {
      this.#align(8);
      if (wanted === undefined)
        entries.push([String(this.read(keyType as WireType)), this.read(valueType as WireType)]);
      else this.#property(valueType as WireType, wanted, entries);
    }
    return Object.fromEntries(entries);
  }

  /** Of a dictionary whose keys are texts. */
  #property(valueType: WireType, wanted: PropertyNames, entries: [string, unknown][]): void {
    const length = this.#uint32();
    const start = this.#take(length + 1);
    if (!wanted.has(this.#bytes, start, length)) this.#skip(valueType);
    else entries.push([this.#bytes.toString('utf8', start, start + length), this.read(valueType)]);
  }

  #skip(type: WireType): void {
    switch (type.code) {
      case 'v':
        this.#skipVariant();
        return;
      case 'a': {
        const length = this.#uint32();
        this.#align(ALIGNMENT[(type.parts[0] as WireType).code] ?? 1);
        this.#take(length);
        return;
      }
      case '(':
      case '{':
        this.#align(8);
        for (const part of type.parts) this.#skip(part);
        return;
      case 's':
      case 'o':
        this.#take(this.#uint32() + 1);
        return;
      case 'g':
        this.#take((this.#bytes[this.#take(1)] ?? 0) + 1);
        return;
      default:
        this.#align(ALIGNMENT[type.code] ?? 1);
        this.#take(SIZE[type.code] ?? 1);
    }
  }

  /** Of the types of one letter, which most properties have, no text is made. */
  #skipVariant(): void {
    const at = this.#at;
    const size = this.#bytes[at] === 1 ? SIZE_OF_BYTE[this.#bytes[at + 1] ?? 0] : undefined;
    if (size === undefined) {
      this.#skip(this.#variantType());
      return;
    }
    this.#take(3);
    this.#align(size === 0 ? 4 : size);
    this.#take(size === 0 ? this.#uint32() + 1 : size);
  }

  #variantType(): WireType {
    const [type] = typesOf(this.#text('g'));
    if (type === undefined) throw new RangeError('a variant of no type');
    return type;
  }

  #text(code: string): string {
    const length = code === 'g' ? (this.#bytes[this.#take(1)] ?? 0) : this.#uint32();
    const start = this.#take(length + 1);
    return this.#bytes.toString('utf8', start, start + length);
  }

  #number(code: string): number | bigint | boolean {
    this.#align(ALIGNMENT[code] ?? 1);
    const at = this.#take(SIZE[code] ?? 1);
    const view = this.#view;
    switch (code) {
      case 'y':
        return view.getUint8(at);
      case 'n':
        return view.getInt16(at, this.#isLittle);
      case 'q':
        return view.getUint16(at, this.#isLittle);
      case 'i':
        return view.getInt32(at, this.#isLittle);
      case 'b':
        return view.getUint32(at, this.#isLittle) !== 0;
      case 'u':
      case 'h':
        return view.getUint32(at, this.#isLittle);
      case 'x':
        return view.getBigInt64(at, this.#isLittle);
      case 't':
        return view.getBigUint64(at, this.#isLittle);
      case 'd':
        return view.getFloat64(at, this.#isLittle);
      default:
        throw new RangeError(`no type has the code ${code}`);
    }
  }

  #uint32(): number {
    this.#align(4);
    return this.#view.getUint32(this.#take(4), this.#isLittle);
  }

  #align(size: number): void {
    // Sizes are powers of two.
    this.#at = (this.#at + size - 1) & -size;
  }

  /** Steps over so many bytes; returns where they begin. @throws {RangeError} beyond the end */
  #take(count: number): number {
    const start = this.#at;
    this.#at += count;
    if (this.#at > this.#bytes.length) throw new RangeError('the message ends before its last value');
    return start;
  }
}
