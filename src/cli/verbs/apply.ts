import { lstatSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Config } from '../../config/types.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT, errorCode } from '../errors.ts';
import { readSpecName } from '../output.ts';
import { decodeSpec, findSpecFile, listDirectory, newSpecPath, readSpecText, writeSpecText } from '../specFiles.ts';
import { checkSpec } from '../specText.ts';

interface Input {
  /** What messages call it. */
  readonly label: string;
  readonly text: string;
  /** The name its file would give it, for a text that names none. */
  readonly stem: string;
}

interface Change {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** `hublet apply`: puts specs into the first source, all of them or, where one is invalid, none. The text stays as it is, comments included. */
export async function runApply(context: Context, files: readonly string[]): Promise<number> {
  const config = await context.config();
  const changes: Change[] = [];
  const lines: string[] = [];
  for (const input of await readInputs(context, files)) {
    const name = readSpecName(input.text) ?? input.stem;
    const checked = checkSpec(input.text, name, input.label);
    if (checked.kind === 'invalid') lines.push(...checked.lines);
    else if (changes.some((change) => change.name === name)) lines.push(`${input.label}: ${name} is given twice`);
    else changes.push({ name, path: targetPath(config, name), text: endLine(input.text) });
  }
  for (const line of lines) context.warn(line);
  if (lines.length > 0) return EXIT.invalid;
  for (const change of changes) context.print(`${change.name} ${writeChange(change)}\n`);
  return EXIT.ok;
}

/** A file without a line break at its end may still be being written, so the controller would wait for more. */
function endLine(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

async function readInputs(context: Context, files: readonly string[]): Promise<Input[]> {
  const inputs: Input[] = [];
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

/** The first source's file of that name. @throws {CliError} refused, where another source has the server already */
function targetPath(config: Config, name: string): string {
  const target = newSpecPath(config, name);
  const existing = findSpecFile(config, name);
  if (existing === undefined || existing.path === target) return target;
  throw new CliError(
    EXIT.refused,
    `${name}: ${existing.path} has this server already: change it there, or remove that file`,
  );
}

function writeChange({ path, text }: Change): 'created' | 'configured' | 'unchanged' {
  const before = readIfThere(path);
  if (before === text) return 'unchanged';
  writeSpecText(path, text);
  return before === undefined ? 'created' : 'configured';
}

/** What is written there now; a thing that is no spec reads as another text, because it is replaced. */
function readIfThere(path: string): string | undefined {
  try {
    return readSpecText(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (error instanceof CliError) return '';
    throw error;
  }
}
