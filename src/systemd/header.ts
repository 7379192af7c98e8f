import { viewOf } from './view.ts';

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
  readonly interface: string;
  readonly member: string;
  readonly errorName: string;
  /** Serial of the call that it answers; 0 where it answers none. */
  readonly replySerial: number;
  /** Unique name of the sender, set by the bus and not by who sent it; `org.freedesktop.DBus` for the bus itself. */
  readonly sender: string;
  /** Of the body; empty where there is none. */
  readonly signature: string;
  readonly isLittleEndian: boolean;
}

/** Bytes before the array of header fields, its length included. */
export const fixedHeaderBytes = 16;

/** The header fields' codes that are texts, and where each belongs. */
const texts = { 1: 'path', 2: 'interface', 3: 'member', 4: 'errorName', 7: 'sender', 8: 'signature' } as const;
const replySerialField = 5;

/** What the fixed part says of what follows it. */
export interface MessageSizes {
  readonly isLittleEndian: boolean;
  /** Of the header fields, without their padding. */
  readonly fieldBytes: number;
  /** Where the body begins in what follows the fixed part. */
  readonly bodyOffset: number;
  /** Bytes that follow the fixed part: the padded header fields and the body. */
  readonly remainingBytes: number;
}

/** @param fixed begins with the first 16 bytes */
export function readSizes(fixed: Buffer): MessageSizes {
  const isLittleEndian = fixed[0] === 0x6c;
  const view = viewOf(fixed);
  const fieldBytes = view.getUint32(12, isLittleEndian);
  const bodyOffset = (fieldBytes + 7) & -8;
  return { isLittleEndian, fieldBytes, bodyOffset, remainingBytes: bodyOffset + view.getUint32(4, isLittleEndian) };
}

/**
 * Reads the header fields, without the body.
 *
 * @param fixed the first 16 bytes
 * @param sizes what they say
 * @param rest so many bytes as `remainingBytes` says
 * @returns undefined where a field has a type that no known field has: then decode the message as a whole
 */
export function readHeader(fixed: Buffer, sizes: MessageSizes, rest: Buffer): MessageHeader | undefined {
  const { isLittleEndian, fieldBytes: end } = sizes;
  const header = { path: '', interface: '', member: '', errorName: '', sender: '', signature: '', replySerial: 0 };
  const view = viewOf(rest);
  // Decoded once: a field's text is a part of it.
  const decoded = rest.toString('latin1', 0, end);
  let at = 0;
  while (at < end) {
    at = (at + 7) & -8;
    const code = rest[at];
    const type = rest[at + 2];
    if (rest[at + 1] !== 1) return undefined;
    at += 4;
    if (type === 0x75) {
      if (code === replySerialField) header.replySerial = view.getUint32(at, isLittleEndian);
      at += 4;
      continue;
    }
    if (type !== 0x73 && type !== 0x6f && type !== 0x67) return undefined;
    const start = at + (type === 0x67 ? 1 : 4);
    const length = type === 0x67 ? (rest[at] ?? 0) : view.getUint32(at, isLittleEndian);
    const field = texts[code as keyof typeof texts];
    if (field !== undefined) header[field] = decoded.slice(start, start + length);
    at = start + length + 1;
  }
  return { type: fixed[1] ?? 0, ...header, isLittleEndian };
}
