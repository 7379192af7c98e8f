/**
 * How long a reading counts where every write would have been told since. The kernel's queue may overflow unseen, and somebody may
 * write by a way that isn't watched.
 */
const COUNTS_MS = 5 * 60_000;

interface Reading {
  readonly files: readonly string[];
  readonly atMs: number;
  readonly watch: object | undefined;
}

/**
 * Whether the limits of one server's cgroup need to be read again.
 *
 * Nothing but a write changes a limit, and the kernel tells of each write to a file that is watched (inotify(7), IN_MODIFY), so
 * that what was read under the same watch is what is there now.
 */
export class KnownLimits {
  #version = 0;
  #last: Reading | undefined;

  /** Another number for other limits, or another cgroup. */
  get version(): number {
    return this.#version;
  }

  /**
   * Whether the last reading of these files says what is in them now.
   *
   * @param watch one object as long as each write was told, without a gap; undefined: none is told
   */
  areAsRead(files: readonly string[], nowMs: number, watch: object | undefined): boolean {
    const last = this.#last;
    return last?.files === files && watch !== undefined && last.watch === watch && nowMs - last.atMs < COUNTS_MS;
  }

  /** Takes note of a reading. `watch` as above, from before it. */
  note(files: readonly string[], nowMs: number, watch: object | undefined, isOther: boolean): void {
    this.#last = { files, atMs: nowMs, watch };
    if (isOther) this.#version += 1;
  }

  /** There was a write, to whichever file: a limit may have a second name, as `cpu.weight.nice`. */
  forget(): void {
    this.#last = undefined;
  }
}
