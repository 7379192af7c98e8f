import { realpathSync } from 'node:fs';
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
 * @throws {NodeJS.ErrnoException} ENOENT ... where the directory is not there
 * @see chokidar 6 README; inotify(7): ENOSPC is `max_user_watches`, EMFILE `max_user_instances`
 */
export const watchDirectory: WatchDirectory = (path, events) => {
  const directory = realpathSync(path);
  const watcher = watchPaths(directory, {
    backend: 'native',
    depth: 0,
    followSymlinks: false,
    ignoreInitial: true,
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
  watcher.on('ready', () => events.ready());
  watcher.on('error', fail);
  watcher.on('all', (event, changed) => {
    if (changed !== directory) events.hint(basename(changed));
    // No watch survives the directory: when it is back, it is another one.
    else if (event === 'unlinkDir') fail(new Error(`${path} was removed or renamed`));
    else events.hint(undefined);
  });
  return { close };
};
