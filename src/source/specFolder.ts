import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { type FolderLoss, isLost, type Listing, listFolder, type Stamps, useFolder } from './folder.ts';
import { SPEC_SUFFIX } from './names.ts';
import { readSpecFile, type SpecFile, type SpecParser, unreadable } from './read.ts';

/** The files of one source, as far as its directory is the one that was listed. */
export interface SpecFolder {
  /** `known`: as of `listFolder`. */
  list(known?: Stamps): Listing | FolderLoss;
  /** Undefined: the directory is gone, another one, or not to be trusted any more, so it has to be listed first. */
  read(name: string, inode: string): SpecFile | undefined;
}

/** The directory at `path`, opened anew for each answer so that nothing keeps it from being unmounted. */
export function openSpecFolder(path: string, ownerUid: number, parser: SpecParser, clock: Clock): SpecFolder {
  return {
    list: (known) => listFolder(path, ownerUid, known),
    read(name, inode) {
      const file = useFolder(path, ownerUid, (folder) => {
        if (folder.inode !== inode || folder.distrust !== undefined) return undefined;
        return { file: readSpecFile(name, { folder, ownerUid, parser, wallMs: clock.wallMs() }) };
      });
      if (file === undefined) return undefined;
      if (!isLost(file)) return file.file;
      // Out of descriptors, say: the directory is there all the same.
      return file.reason === 'Missing' ? undefined : unreadable(join(path, name + SPEC_SUFFIX), file.code);
    },
  };
}
