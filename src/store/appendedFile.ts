import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, writeSync } from 'node:fs';
import { hasErrorCode } from './files.ts';

interface Opened {
  readonly handle: number;
  readonly device: number;
  readonly inode: number;
}

/**
 * A file that grows by lines, kept open: of what a line costs, opening and closing the file for it was half.
 *
 * Each addition looks whether it is still the file at its path: an administrator may move it away.
 */
export class AppendedFile {
  readonly #path: string;
  #opened: Opened | undefined;

  /** Opens nothing yet. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Adds a text at the end, the whole of it or nothing.
   *
   * @returns false where there is no such file: then it has to be made, with all that belongs in it
   * @throws {NodeJS.ErrnoException} ENOSPC, ELOOP at a symbolic link ...; what fitted of the text is taken away again
   */
  add(text: string): boolean {
    const there = lstatSync(this.#path, { throwIfNoEntry: false });
    const opened = there && this.#openedAs(there.dev, there.ino);
    if (opened === undefined) {
      this.close();
      return false;
    }
    const { handle } = opened;
    const { size } = fstatSync(handle);
    try {
      const bytes = Buffer.from(text, 'utf8');
      for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
    } catch (error) {
      ftruncateSync(handle, size);
      throw error;
    }
    return true;
  }

  /** Safe to call twice; an addition opens it anew. */
  close(): void {
    if (this.#opened !== undefined) closeSync(this.#opened.handle);
    this.#opened = undefined;
  }

  /** Undefined: it has gone since it was looked at. */
  #openedAs(device: number, inode: number): Opened | undefined {
    const known = this.#opened;
    if (known?.device === device && known.inode === inode) return known;
    this.close();
    try {
      const handle = openSync(this.#path, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW);
      const { dev, ino } = fstatSync(handle);
      this.#opened = { handle, device: dev, inode: ino };
      return this.#opened;
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }
}
