import type { Socket } from 'node:net';
import { fixedHeaderBytes, type MessageHeader, readHeader, remainingBytes } from './header.ts';

/**
 * Puts a filter between the socket and the library's parser, which reads 16 bytes and then the rest, in turns.
 *
 * A message that isn't wanted is taken off the stream here and the parser never hears of it.
 */
export function filterMessages(stream: Socket, wants: (header: MessageHeader) => boolean): void {
  const read = stream.read.bind(stream) as (size?: number) => Buffer | null;
  let fixed: Buffer | null = null;
  let rest: Buffer | undefined;
  stream.read = (size?: number): Buffer | null => {
    if (rest !== undefined) {
      const whole = rest;
      rest = undefined;
      return whole;
    }
    if (size !== fixedHeaderBytes) return read(size);
    for (;;) {
      fixed ??= read(fixedHeaderBytes);
      if (fixed === null || fixed.length < fixedHeaderBytes) return null;
      const size = remainingBytes(fixed);
      const body = read(size);
      // At its end a stream gives less than was asked for: half a message is none.
      if (body === null || body.length < size) return null;
      const first = fixed;
      fixed = null;
      const header = readHeader(first, body);
      if (header !== undefined && !wants(header)) continue;
      rest = body;
      return first;
    }
  };
}
