const FIRST_BYTES = 64 * 1024;
/** UTF-8 of one unit of a string at most. */
const BYTES_PER_UNIT = 3;

/** A long text that is put together as the bytes it is sent as: pieces of it would stay in the heap until the last one was there. */
export class ByteText {
  #bytes: Buffer;
  #length = 0;

  /** @param expectedBytes how long it becomes, about; a longer one costs copies */
  constructor(expectedBytes = FIRST_BYTES) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(expectedBytes, FIRST_BYTES));
  }

  add(text: string): void {
    const free = this.#bytes.length - this.#length;
    if (free < text.length * BYTES_PER_UNIT) {
      const missing = Buffer.byteLength(text) - free;
      if (missing > 0) this.#grow(missing);
    }
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** UTF-8 of all that was added. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(missing: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#bytes.length + missing));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
