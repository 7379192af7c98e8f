import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { errorCode } from './errorCode.ts';

/** After a refusal by the kernel's limits, no further tries for this long. */
const RETRY_AFTER_MS = 60_000;

/**
 * Tells when a file of a cgroup changed, as far as the kernel does: one inotify watch on each directory.
 *
 * That is `memory.events` (kills and reclaim) and `cgroup.events` (its first process came, or its last one went), which the
 * kernel tells of by itself, and each file that a process writes to, as systemd does to set a limit. What else is in them
 * changes without a word. A write through a mount that another cgroup namespace made is another inode's, and isn't told.
 *
 * A hint only. Changes coalesce, and the removal of a cgroup tells nothing, so whoever is told compares counters, and opens
 * anew after each start. Where the kernel grants no more watches (ENOSPC, EMFILE) the hints stay away, which is said once.
 */
export class CgroupWatch {
  readonly #root: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watchers = new Map<string, FSWatcher>();
  #retryAtMs = 0;
  #hasWarned = false;

  constructor(root: string, clock: Clock, log: Log) {
    this.#root = root;
    this.#clock = clock;
    this.#log = log;
  }

  /** Watches a server's cgroup from now on. Nothing where it is watched already, is not there, or no watch is to be had. */
  open(server: string, controlGroup: string, changed: (file: string) => void): void {
    if (this.#watchers.has(server) || this.#clock.monotonicMs() < this.#retryAtMs) return;
    try {
      const watcher = watch(join(this.#root, controlGroup), { persistent: false }, (_event, file) => {
        if (file !== null) changed(file);
      });
      watcher.on('error', (error) => {
        this.close(server);
        this.#failed(error);
      });
      this.#watchers.set(server, watcher);
    } catch (error) {
      // The unit ended before it could be watched; the reader finds out.
      if (errorCode(error) !== 'ENOENT') this.#failed(error);
    }
  }

  /** One object as long as the server has been watched without a gap; undefined while it isn't. */
  token(server: string): object | undefined {
    return this.#watchers.get(server);
  }

  close(server: string): void {
    this.#watchers.get(server)?.close();
    this.#watchers.delete(server);
  }

  closeAll(): void {
    for (const server of [...this.#watchers.keys()]) this.close(server);
  }

  #failed(error: unknown): void {
    this.#retryAtMs = this.#clock.monotonicMs() + RETRY_AFTER_MS;
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log.warn(
      { err: error, watches: this.#watchers.size },
      'cannot watch more cgroups, out-of-memory kills are noticed at the next sample instead: raise fs.inotify.max_user_watches and max_user_instances',
    );
  }
}
