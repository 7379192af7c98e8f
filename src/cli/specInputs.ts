import { lstatSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Context } from './context.ts';
import { CliError, EXIT } from './errors.ts';
import { decodeSpec, listDirectory, readSpecText } from './specFiles.ts';

/** A spec that somebody gave with -f. */
export interface SpecInput {
  /** What messages call it. */
  readonly label: string;
  readonly text: string;
  /** The name its file would give it, for a text that names none. */
  readonly stem: string;
}

/** The specs of files, of directories, and with `-` of standard input. @throws {CliError} usage, where a file is not there */
export async function readInputs(context: Context, files: readonly string[]): Promise<SpecInput[]> {
  const inputs: SpecInput[] = [];
  for (const file of files) {
    if (file === '-') {
      inputs.push({ label: 'standard input', text: await context.readInput(), stem: '' });
      continue;
    }
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat === undefined) throw new CliError(EXIT.usage, `${file}: no such file or directory`);
    if (stat.isDirectory()) {
      for (const { name, path } of listDirectory(file))
        inputs.push({ label: path, text: readSpecText(path), stem: name });
    } else {
      // A link or a pipe is fine here: whoever calls may read it, and what is written is a regular file.
      inputs.push({ label: file, text: decodeSpec(file, readFileSync(file)), stem: basename(file, '.yaml') });
    }
  }
  return inputs;
}
