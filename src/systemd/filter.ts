import type { Socket } from 'node:net';
import { fixedHeaderBytes, type MessageHeader, readHeader, readSizes } from './header.ts';

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
      const sizes = readSizes(fixed);
      const following = read(sizes.remainingBytes);
      // At its end a stream gives less than was asked for: half a message is none.
      if (following === null || following.length < sizes.remainingBytes) return null;
      const first = fixed;
      fixed = null;
      const header = readHeader(first, sizes, following);
      if (header !== undefined && take(header, following.subarray(sizes.bodyOffset)) === 'taken') continue;
      rest = following;
      return first;
    }
  };
}
