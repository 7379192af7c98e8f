import { readSync } from 'node:fs';
import { sha256Hex } from '../store/digest.ts';

/** Room for all files of one cgroup (memory.stat alone has 1-2 KiB today); more grow the buffer. */
const BUFFER_BYTES = 16 * 1024;

/** Follows each part, so that equal bytes are equal parts. */
const IS_THERE = 1;
const IS_ABSENT = 0;

/** The memory that readings go through; readers of one thread share one. What is gathered is compared before anything is made of it. */
export class ReadBuffer {
  #bytes = Buffer.allocUnsafe(BUFFER_BYTES);
  /** Bytes of parts that are complete, each with the byte that follows it. */
  #length = 0;
  /** Where each part ends. */
  readonly #ends: number[] = [];

  /** From here on parts are gathered anew. */
  clear(): void {
    this.#length = 0;
    this.#ends.length = 0;
  }

  /** Gathers the whole of a file, which the kernel makes anew for each read at position 0, as the next part. @throws as `read(2)`, and nothing is gathered */
  add(fd: number): void {
    for (;;) {
      // One byte stays free for what follows.
      const room = this.#bytes.length - this.#length - 1;
      const length = readSync(fd, this.#bytes, this.#length, room, 0);
      if (length < room) {
        this.#end(this.#length + length, IS_THERE);
        return;
      }
      this.#grow();
    }
  }

  /** The next part is that of a file that isn't there. */
  addAbsent(): void {
    if (this.#length === this.#bytes.length) this.#grow();
    this.#end(this.#length, IS_ABSENT);
  }

  /** Undefined: not there. */
  text(part: number): string | undefined {
    const start = this.#lengthOf(part);
    const end = this.#ends[part] ?? start;
    return this.#bytes[end] === IS_THERE ? this.#bytes.toString('latin1', start, end) : undefined;
  }

  hasPart(part: number): boolean {
    const end = this.#ends[part];
    return end !== undefined && this.#bytes[end] === IS_THERE;
  }

  /** Whether the first parts are what was kept of as many. */
  isAs(kept: Buffer | undefined, parts = this.#ends.length): boolean {
    const length = this.#lengthOf(parts);
    return kept?.length === length && kept.compare(this.#bytes, 0, length) === 0;
  }

  /** A copy of the first parts, to be kept. */
  copy(parts = this.#ends.length): Buffer {
    // Memory of its own: a few bytes of Node's pool keep all 64 KiB of it.
    const copy = Buffer.allocUnsafeSlow(this.#lengthOf(parts));
    this.#bytes.copy(copy);
    return copy;
  }

  /** Of the parts from one to another, or the last. Equal digests: equal parts. */
  digest(from = 0, to = this.#ends.length): string {
    return sha256Hex(this.#bytes.subarray(this.#lengthOf(from), this.#lengthOf(to)));
  }

  #end(end: number, mark: number): void {
    this.#bytes[end] = mark;
    this.#ends.push(end);
    this.#length = end + 1;
  }

  #lengthOf(parts: number): number {
    return parts === 0 ? 0 : (this.#ends[parts - 1] ?? 0) + 1;
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2);
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}
