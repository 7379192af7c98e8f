/**
 * Who a D-Bus message is from and what it is about, read from its header alone.
 *
 * One start of a unit brings about nineteen signals, ten of them about other units with two dozen properties each:
 * looking at the header first saves decoding those, and keeps what other users send us from reaching the decoder at all.
 *
 * @see D-Bus Specification, "Message Format"
 */
export interface MessageHeader {
  /** 1 method call, 2 reply, 3 error, 4 signal. */
  readonly type: number;
  readonly path: string;
  /** Unique name of the sender, set by the bus and not by who sent it; `org.freedesktop.DBus` for the bus itself. */
  readonly sender: string;
}

/** Bytes before the array of header fields, its length included. */
export const fixedHeaderBytes = 16;

/** Bytes that follow the fixed part: the padded header fields and the body. */
export function remainingBytes(fixed: Buffer): number {
  const fieldBytes = readUint32(fixed, 12, isLittleEndian(fixed));
  return Math.ceil(fieldBytes / 8) * 8 + readUint32(fixed, 4, isLittleEndian(fixed));
}

/**
 * Reads the header fields, without the body.
 *
 * @param fixed the first 16 bytes
 * @param rest what `remainingBytes` counted
 * @returns undefined where a field has a type that no known field has: then decode the message as a whole
 */
export function readHeader(fixed: Buffer, rest: Buffer): MessageHeader | undefined {
  const isLittle = isLittleEndian(fixed);
  const end = readUint32(fixed, 12, isLittle);
  let path = '';
  let sender = '';
  let at = 0;
  while (at < end) {
    at = Math.ceil(at / 8) * 8;
    const code = rest[at];
    const signature = rest[at + 2];
    if (rest[at + 1] !== 1) return undefined;
    at += 4;
    if (signature === 0x73 || signature === 0x6f) {
      const length = readUint32(rest, at, isLittle);
      const text = rest.toString('latin1', at + 4, at + 4 + length);
      at += 4 + length + 1;
      if (code === 1) path = text;
      else if (code === 7) sender = text;
    } else if (signature === 0x67) at += 1 + (rest[at] ?? 0) + 1;
    else if (signature === 0x75) at += 4;
    else return undefined;
  }
  return { type: fixed[1] ?? 0, path, sender };
}

function isLittleEndian(fixed: Buffer): boolean {
  return fixed[0] === 0x6c;
}

function readUint32(buffer: Buffer, at: number, isLittle: boolean): number {
  return isLittle ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at);
}
