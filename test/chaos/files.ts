import { FIRST_WISH, SUBJECTS } from './servers.ts';
import type { Step, Wish } from './steps.ts';

/** What the file of a server is: `spoilt` is there, but no spec; `last` is what was asked for last while it was one. */
export interface FileState {
  readonly kind: 'good' | 'spoilt' | 'absent';
  readonly last: Wish;
}

/** All files, by server. Every server has an entry. */
export type Files = ReadonlyMap<string, FileState>;

/** As chaos begins: all there and good. */
export function firstFiles(): Files {
  return new Map(SUBJECTS.map(({ name }) => [name, { kind: 'good', last: FIRST_WISH }]));
}

/** The same with every spoilt file mended: what a replay begins with, whose servers must have begun once. */
export function mendedFiles(files: Files): Files {
  return new Map([...files].map(([name, file]) => [name, file.kind === 'spoilt' ? { ...file, kind: 'good' } : file]));
}

/** The files after a step; they depend on steps alone, never on when these were done. */
export function filesAfter(files: Files, { action }: Step): Files {
  switch (action.kind) {
    case 'write':
      return withFile(files, action.name, { kind: 'good', last: action.wish });
    case 'spoil':
    case 'truncate':
      return withFile(files, action.name, { kind: 'spoilt', last: fileOf(files, action.name).last });
    case 'delete':
      return withFile(files, action.name, { kind: 'absent', last: fileOf(files, action.name).last });
    default:
      return files;
  }
}

/** The file of that server. @throws where there is no such server */
export function fileOf(files: Files, name: string): FileState {
  const file = files.get(name);
  if (file === undefined) throw new Error(`no server ${name}`);
  return file;
}

function withFile(files: Files, name: string, file: FileState): Files {
  return new Map([...files, [name, file]]);
}
