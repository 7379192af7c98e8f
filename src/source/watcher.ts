import { realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { watch as watchPaths } from 'chokidar';

export interface WatchEvents {
  /** From now on changes are reported; what happened before may not be. */
  ready(): void;
  /** Something happened to a file of that name, or, where it is undefined, to the directory. Only a hint: look for yourself. */
  hint(fileName: string | undefined): void;
  /** Nothing more will be reported; called once at most, and not after `close`. */
  failed(error: Error): void;
}

export interface Watcher {
  /** No event comes after the call. @throws {Error} where a handle could not be closed */
  close(): Promise<void>;
}

export type WatchDirectory = (path: string, events: WatchEvents) => Watcher;

/**
 * Watches one directory, not those below it: one inotify watch.
 *
 * The library is asked for the kernel's own events and to leave the entries alone: it would look at each of them before it
 * tells of it, and they are looked at here anyway. That costs half a look, before a server can start.
 *
 * @throws {NodeJS.ErrnoException} ENOENT ... where the directory is not there
 * @see chokidar 6 README, the event `raw`; inotify(7): ENOSPC is `max_user_watches`, EMFILE `max_user_instances`
 */
export const watchDirectory: WatchDirectory = (path, events) => {
  const directory = realpathSync(path);
  const ownName = basename(directory);
  const watched = identityOf(directory);
  const watcher = watchPaths(directory, {
    backend: 'native',
    depth: 0,
    followSymlinks: false,
    ignoreInitial: true,
    ignored: (entry) => entry !== directory,
    // No waiting for files to come back: hublet has its own rules for that.
    atomic: false,
  });
  let isOver = false;
  const close = async () => {
    isOver = true;
    await watcher.close();
  };
  const fail = (error: unknown) => {
    if (isOver) return;
    isOver = true;
    events.failed(error instanceof Error ? error : new Error(String(error)));
  };
  /** inotify tells of the directory itself by its own name. No watch survives it: when it is back, it is another one. */
  const lookAtDirectory = () => {
    try {
      if (identityOf(directory) === watched) events.hint(undefined);
      else fail(new Error(`${path} was removed or renamed`));
    } catch (error) {
      fail(error);
    }
  };
  watcher.on('ready', () => {
    if (!isOver) events.ready();
  });
  watcher.on('error', fail);
  watcher.on('raw', (_event, name) => {
    if (isOver) return;
    if (name !== null && name !== ownName) events.hint(name);
    else lookAtDirectory();
  });
  return { close };
};

/** Undefined: there is none. With its time of birth, as the number of an inode is soon given to another. */
function identityOf(directory: string): string | undefined {
  const stats = statSync(directory, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`;
}
