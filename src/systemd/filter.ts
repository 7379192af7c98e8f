import type { Socket } from 'node:net';
import { fixedHeaderBytes, type MessageHeader, readHeader, readSizes } from './header.ts';

/** What becomes of a message: the library has it, we had it, or nobody wants it. */
export type Handling = 'pass' | 'taken';

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Stands between the socket and the library's parser, which reads 16 bytes and then the rest, in turns.
 *
 * `take` is shown each message, its body not decoded, and says whether it was for us: then the parser never hears of it.
 * It must not throw. The socket is read as much at a time as it has: two dozen messages come with a start.
 */
export function interceptMessages(stream: Socket, take: (header: MessageHeader, body: Buffer) => Handling): void {
  const read = stream.read.bind(stream) as (size?: number) => Buffer | null;
  /** Read, and of no message that was taken or passed. */
  let held = NOTHING;
  let rest: Buffer | undefined;
  const isHeld = (size: number): boolean => {
    while (held.length < size) {
      const more = read();
      // At its end a stream gives less than was asked for: half a message is none.
      if (more === null) return false;
      held = held.length === 0 ? more : Buffer.concat([held, more]);
    }
    return true;
  };
  stream.read = (size?: number): Buffer | null => {
    if (rest !== undefined) {
      const whole = rest;
      rest = undefined;
      return whole;
    }
    if (size !== fixedHeaderBytes) return read(size);
    while (isHeld(fixedHeaderBytes)) {
      const sizes = readSizes(held);
      const end = fixedHeaderBytes + sizes.remainingBytes;
      if (!isHeld(end)) break;
      const fixed = held.subarray(0, fixedHeaderBytes);
      const following = held.subarray(fixedHeaderBytes, end);
      // Not an empty part of it, which would keep all of it in memory.
      held = end === held.length ? NOTHING : held.subarray(end);
      const header = readHeader(fixed, sizes, following);
      if (header !== undefined && take(header, following.subarray(sizes.bodyOffset)) === 'taken') continue;
      rest = following;
      return fixed;
    }
    return null;
  };
}
