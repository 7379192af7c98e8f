import type { Clock } from '../clock.ts';
import type { SourceDirectory } from '../config/types.ts';
import type { Log } from '../log.ts';
import type { LastGoodStore } from './lastgood.ts';
import type { SourceMemories } from './memory.ts';
import type { PruneRule } from './prune.ts';
import type { SpecFolder } from './specFolder.ts';
import type { WatchDirectory } from './watcher.ts';

/** What one directory of specs is made from. */
export interface DirectoryOptions {
  readonly config: SourceDirectory;
  readonly settings: () => { readonly rescanMs: number; readonly prune: Omit<PruneRule, 'isOn'> };
  readonly folder: SpecFolder;
  readonly watch: WatchDirectory;
  readonly store: LastGoodStore;
  readonly memories: SourceMemories;
  readonly clock: Clock;
  readonly log: Log;
  /** Asks for a name; answers with the path of the file that has it already, or undefined where it is ours. */
  claim(name: string): string | undefined;
  /** True: another source has a file of that name, so it moved rather than vanished. */
  isElsewhere(name: string): boolean;
  /** The record of `name`, or where it is undefined the source's own state, may have changed. */
  changed(name: string | undefined): void;
  /** The files that were to be looked at at one go have been, and what changed is told. */
  told(): void;
}
