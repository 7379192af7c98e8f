import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type DescriptorBudget, ownDescriptorBudget } from './descriptors.ts';
import { ALL_FILES, BASIC_FILES, type CgroupFile, parseMemoryEvents, toUsage } from './parse.ts';
import { CgroupGone, type MemoryEvents, type Usage } from './types.ts';

/** Where systemd mounts the unified hierarchy. */
export const CGROUP_ROOT = '/sys/fs/cgroup';

/** Readings between two looks for files that were not there: a controller can be switched on while a unit runs. */
const READINGS_BETWEEN_LOOKS = 6;

/** At so many first readings each looks for them: systemd switches controllers on a moment after it made the cgroup. */
const EARLY_READINGS = 6;

/** Room for the largest file read (memory.stat, 1-2 KiB today); a longer one grows the buffer. */
const BUFFER_BYTES = 16 * 1024;

/** The memory that readings go through; readers of one thread share one. */
export class ReadBuffer {
  #bytes = Buffer.allocUnsafe(BUFFER_BYTES);

  /** The whole of a file that the kernel makes anew for each read at position 0. */
  read(fd: number): string {
    for (;;) {
      const length = readSync(fd, this.#bytes, 0, this.#bytes.length, 0);
      if (length < this.#bytes.length) return this.#bytes.toString('latin1', 0, length);
      this.#bytes = Buffer.allocUnsafe(this.#bytes.length * 2);
    }
  }
}

/** What the readers of one sampler share. */
export interface ReaderOptions {
  readonly buffer: ReadBuffer;
  /** Descriptors that may stay open. */
  readonly descriptors: DescriptorBudget;
  /** Whether details (io.stat and pressures) are read too; asked at each reading. */
  readonly isDetailed: () => boolean;
}

/** Options for one sampler; where absent a buffer and a budget of its own, and no details. */
export function readerOptions(given: Partial<ReaderOptions> = {}): ReaderOptions {
  return {
    buffer: given.buffer ?? new ReadBuffer(),
    descriptors: given.descriptors ?? ownDescriptorBudget(),
    isDetailed: given.isDetailed ?? (() => false),
  };
}

/**
 * Reads one cgroup again and again through file descriptors that stay open: six times cheaper than opening each time.
 *
 * A cgroup made anew at the same path is another cgroup: its reader says CgroupGone, and a new reader is needed.
 * Where no descriptor is left (the budget is used up, EMFILE, ENFILE) a file is opened for each reading instead.
 */
export class CgroupReader {
  readonly #directory: string;
  readonly #options: ReaderOptions;
  readonly #fds = new Map<CgroupFile, number>();
  readonly #absent = new Set<CgroupFile>();
  #readings = 0;
  #sinceLook = 0;
  #signs: { readonly text: string | undefined; readonly isDetailed: boolean } | undefined;

  /** Opens the files. @throws {CgroupGone} where there is no such cgroup */
  constructor(root: string, controlGroup: string, options: ReaderOptions) {
    this.#directory = join(root, controlGroup);
    this.#options = options;
    try {
      this.#openMissing();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * The cgroup's usage now; `sampledAtMs` is the caller's monotonic time.
   * @throws {CgroupGone} the unit ended meanwhile (ENOENT, ENODEV)
   * @throws EMFILE or ENFILE where no descriptor is left even for a moment
   */
  read(sampledAtMs: number): Usage {
    this.#readings += 1;
    this.#sinceLook += 1;
    if (this.#isEarly() || this.#sinceLook >= READINGS_BETWEEN_LOOKS) {
      this.#openMissing();
      this.#sinceLook = 0;
    }
    const texts: Partial<Record<CgroupFile, string>> = {};
    for (const file of this.#files()) {
      const text = this.#text(file);
      if (text !== undefined) texts[file] = text;
    }
    this.#signs = { text: signsOf((file) => texts[file]), isDetailed: this.#options.isDetailed() };
    return toUsage(texts, sampledAtMs);
  }

  /** Whether the CPU time used and the memory are what the last `read` found, and as much is asked for; two files only. @throws as `read` */
  isStill(): boolean {
    this.#sinceLook += 1;
    const signs = this.#signs;
    if (signs?.text === undefined || signs.isDetailed !== this.#options.isDetailed() || this.#isEarly()) return false;
    return signsOf((file) => this.#text(file)) === signs.text;
  }

  /** `memory.events` alone; undefined where the memory controller is off. @throws as `read` */
  readMemoryEvents(): MemoryEvents | undefined {
    // Whoever asks was told that it changed, so it is there.
    if (this.#absent.has('memory.events')) this.#openMissing();
    const text = this.#text('memory.events');
    return text === undefined ? undefined : parseMemoryEvents(text);
  }

  /** Gives the descriptors back; reading goes on to work, opening each time. */
  close(): void {
    for (const fd of this.#fds.values()) closeSync(fd);
    this.#options.descriptors.giveBack(this.#fds.size);
    this.#fds.clear();
  }

  #isEarly(): boolean {
    return this.#readings <= EARLY_READINGS && this.#absent.size > 0;
  }

  #openMissing(): void {
    this.#absent.clear();
    for (const file of this.#files()) {
      if (this.#fds.has(file)) continue;
      if (!this.#options.descriptors.take()) break;
      const fd = this.#openToKeep(file);
      if (typeof fd === 'number') {
        this.#fds.set(file, fd);
        continue;
      }
      this.#options.descriptors.giveBack(1);
      if (fd === 'no-descriptors') break;
      this.#absent.add(file);
    }
    // An absent file alone tells nothing: its controller may be off.
    if (this.#absent.size > 0) this.#expectDirectory();
  }

  #files(): readonly CgroupFile[] {
    return this.#options.isDetailed() ? ALL_FILES : BASIC_FILES;
  }

  #openToKeep(file: CgroupFile): number | 'absent' | 'no-descriptors' {
    try {
      return openSync(join(this.#directory, file), 'r');
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT') return 'absent';
      // It is opened for each reading then, which may find one free.
      if (code === 'EMFILE' || code === 'ENFILE') return 'no-descriptors';
      this.#options.descriptors.giveBack(1);
      throw this.#translated(error);
    }
  }

  #expectDirectory(): void {
    try {
      statSync(this.#directory);
    } catch (error) {
      throw this.#translated(error);
    }
  }

  #text(file: CgroupFile): string | undefined {
    if (this.#absent.has(file)) return undefined;
    const kept = this.#fds.get(file);
    return kept === undefined ? this.#openAndRead(file) : this.#readFd(kept);
  }

  #openAndRead(file: CgroupFile): string | undefined {
    let fd: number;
    try {
      fd = openSync(join(this.#directory, file), 'r');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      this.#expectDirectory();
      return undefined;
    }
    try {
      return this.#readFd(fd);
    } finally {
      closeSync(fd);
    }
  }

  #readFd(fd: number): string | undefined {
    try {
      return this.#options.buffer.read(fd);
    } catch (error) {
      // The kernel has the file and can't serve this cgroup: as good as absent.
      if (errorCode(error) === 'EOPNOTSUPP') return undefined;
      throw this.#translated(error);
    }
  }

  #translated(error: unknown): unknown {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ENODEV' && code !== 'ENOTDIR') return error;
    return new CgroupGone(`${this.#directory}: the cgroup is gone (${code})`, { cause: error });
  }
}

/** Nothing happens in a cgroup that leaves both as they were; undefined where one of them is not there. */
function signsOf(read: (file: CgroupFile) => string | undefined): string | undefined {
  const cpu = read('cpu.stat');
  const memory = cpu === undefined ? undefined : read('memory.current');
  return memory === undefined ? undefined : cpu + memory;
}

/**
 * One reading of a cgroup, for callers that look once. Absent fields as in `Usage`; no rates, because those need two readings.
 * @throws {CgroupGone} where there is no such cgroup
 */
export function readUsage(root: string, controlGroup: string, sampledAtMs: number): Usage {
  const reader = new CgroupReader(root, controlGroup, readerOptions({ isDetailed: () => true }));
  try {
    return reader.read(sampledAtMs);
  } finally {
    reader.close();
  }
}

/** The `code` of a system error, such as `ENOENT`; undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
