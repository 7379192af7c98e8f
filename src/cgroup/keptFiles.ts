import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DescriptorBudget } from './descriptors.ts';
import { errorCode } from './errorCode.ts';
import { CgroupGone } from './types.ts';

/** Room for the largest file read (memory.stat, 1-2 KiB today); a longer one grows the buffer. */
const BUFFER_BYTES = 16 * 1024;

/** The memory that readings go through; readers of one thread share one. */
export class ReadBuffer {
  #bytes = Buffer.allocUnsafe(BUFFER_BYTES);
  #length = 0;

  /** The whole of a file that the kernel makes anew for each read at position 0. */
  read(fd: number): string {
    this.clear();
    this.add(fd);
    return this.#bytes.toString('latin1', 0, this.#length);
  }

  /** From here on bytes are gathered, to be compared with those of an earlier reading without making anything of them. */
  clear(): void {
    this.#length = 0;
  }

  /** Adds the whole of a file. */
  add(fd: number): void {
    for (;;) {
      const room = this.#bytes.length - this.#length;
      const length = readSync(fd, this.#bytes, this.#length, room, 0);
      if (length < room) {
        this.#length += length;
        return;
      }
      this.#grow();
    }
  }

  /** Adds a byte of the caller's own. */
  addByte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#grow();
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }

  /** Whether what was gathered is what was kept. */
  isAs(kept: Buffer | undefined): boolean {
    return kept?.length === this.#length && kept.compare(this.#bytes, 0, this.#length) === 0;
  }

  /** A copy of what was gathered. */
  copy(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2);
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}

/** The files of one cgroup that are read again and again, through descriptors that stay open where there are enough of them. */
export class KeptFiles {
  readonly #directory: string;
  readonly #buffer: ReadBuffer;
  readonly #descriptors: DescriptorBudget;
  readonly #fds = new Map<string, number>();

  constructor(directory: string, { buffer, descriptors }: { buffer: ReadBuffer; descriptors: DescriptorBudget }) {
    this.#directory = directory;
    this.#buffer = buffer;
    this.#descriptors = descriptors;
  }

  has(file: string): boolean {
    return this.#fds.has(file);
  }

  /** Opens a file that is not open yet. `noneLeft`: it is opened for each reading then, which may find a descriptor free. @throws {CgroupGone} */
  open(file: string): 'kept' | 'absent' | 'noneLeft' {
    if (!this.#descriptors.take()) return 'noneLeft';
    try {
      this.#fds.set(file, openSync(join(this.#directory, file), 'r'));
      return 'kept';
    } catch (error) {
      this.#descriptors.giveBack(1);
      const code = errorCode(error);
      if (code === 'ENOENT') return 'absent';
      if (code === 'EMFILE' || code === 'ENFILE') return 'noneLeft';
      throw this.#translated(error);
    }
  }

  /** Undefined where there is no such file, or none for this cgroup. @throws {CgroupGone} @throws EMFILE, ENFILE */
  text(file: string): string | undefined {
    let text: string | undefined;
    this.#withFile(file, (fd) => {
      text = this.#buffer.read(fd);
    });
    return text;
  }

  /** Adds the file's bytes to what the buffer gathers; false, and nothing added, where `text` would be undefined. @throws as `text` */
  gather(file: string): boolean {
    return this.#withFile(file, (fd) => this.#buffer.add(fd));
  }

  /** An absent file alone tells nothing: its controller may be off. @throws {CgroupGone} */
  expectDirectory(): void {
    try {
      statSync(this.#directory);
    } catch (error) {
      throw this.#translated(error);
    }
  }

  /** Gives the descriptors back; reading goes on to work, opening each time. */
  close(): void {
    for (const fd of this.#fds.values()) closeSync(fd);
    this.#descriptors.giveBack(this.#fds.size);
    this.#fds.clear();
  }

  #withFile(file: string, read: (fd: number) => void): boolean {
    const kept = this.#fds.get(file);
    if (kept !== undefined) return this.#isRead(kept, read);
    let fd: number;
    try {
      fd = openSync(join(this.#directory, file), 'r');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw this.#translated(error);
      this.expectDirectory();
      return false;
    }
    try {
      return this.#isRead(fd, read);
    } finally {
      closeSync(fd);
    }
  }

  #isRead(fd: number, read: (fd: number) => void): boolean {
    try {
      read(fd);
      return true;
    } catch (error) {
      // The kernel has the file and can't serve this cgroup: as good as absent.
      if (errorCode(error) === 'EOPNOTSUPP') return false;
      throw this.#translated(error);
    }
  }

  #translated(error: unknown): unknown {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ENODEV' && code !== 'ENOTDIR') return error;
    return new CgroupGone(`${this.#directory}: the cgroup is gone (${code})`, { cause: error });
  }
}
