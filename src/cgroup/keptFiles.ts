import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DescriptorBudget } from './descriptors.ts';
import { errorCode } from './errorCode.ts';
import type { ReadBuffer } from './readBuffer.ts';
import { CgroupGone } from './types.ts';

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

  /**
   * Has the buffer gather the file as its next part; one that is absent where there is no such file, or none for this cgroup.
   * @throws {CgroupGone} @throws EMFILE, ENFILE
   */
  gather(file: string): void {
    const kept = this.#fds.get(file);
    if (kept !== undefined) {
      this.#add(kept);
      return;
    }
    let fd: number;
    try {
      fd = openSync(join(this.#directory, file), 'r');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw this.#translated(error);
      this.expectDirectory();
      this.#buffer.addAbsent();
      return;
    }
    try {
      this.#add(fd);
    } finally {
      closeSync(fd);
    }
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

  #add(fd: number): void {
    try {
      this.#buffer.add(fd);
    } catch (error) {
      // The kernel has the file and can't serve this cgroup: as good as absent.
      if (errorCode(error) !== 'EOPNOTSUPP') throw this.#translated(error);
      this.#buffer.addAbsent();
    }
  }

  #translated(error: unknown): unknown {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ENODEV' && code !== 'ENOTDIR') return error;
    return new CgroupGone(`${this.#directory}: the cgroup is gone (${code})`, { cause: error });
  }
}
