import type { Socket } from 'node:net';
import { bodyOffset, fixedHeaderBytes, type MessageHeader, readHeader, remainingBytes } from './header.ts';

/** What becomes of a message: the library has it, we had it, or nobody wants it. */
export type Handling = 'pass' | 'taken';

/**
 * Stands between the socket and the library's parser, which reads 16 bytes and then the rest, in turns.
 *
 * `take` is shown each message, its body not decoded, and says whether it was for us: then the parser never hears of it.
 * It must not throw.
 */
export function interceptMessages(stream: Socket, take: (header: MessageHeader, body: Buffer) => Handling): void {
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
      if (header !== undefined && take(header, body.subarray(bodyOffset(first))) === 'taken') continue;
      rest = body;
      return first;
    }
  };
}
