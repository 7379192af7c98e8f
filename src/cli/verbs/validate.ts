import { lstatSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { ServerSpec } from '../../spec/types.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { listDirectory, readSpecText, type SpecFile } from '../specFiles.ts';
import { checkSpec } from '../specText.ts';

/** `hublet validate`: judges specs without a controller, a bus or a configuration. Exit code 3 where one is invalid. */
export async function runValidate(context: Context, paths: readonly string[]): Promise<number> {
  const lines: string[] = [];
  const specs: { readonly path: string; readonly spec: ServerSpec }[] = [];
  for (const { name, path } of paths.flatMap(expand)) {
    try {
      const checked = checkSpec(readSpecText(path), name, path);
      if (checked.kind === 'valid') specs.push({ path, spec: checked.spec });
      else lines.push(...checked.lines);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      lines.push(error.message);
    }
  }
  lines.push(...findConflicts(specs));
  for (const line of lines) context.warn(line);
  if (lines.length > 0) return EXIT.invalid;
  context.print(specs.length === 1 ? `ok: ${specs[0]?.path} is valid\n` : `ok: ${specs.length} specs are valid\n`);
  return EXIT.ok;
}

function expand(path: string): readonly SpecFile[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new CliError(EXIT.usage, `${path}: no such file or directory`);
  return stat.isDirectory() ? listDirectory(path) : [{ name: basename(path, '.yaml'), path }];
}

/** Files that are good alone and can't all run: two of the same name, or with the same fixed port. */
function findConflicts(specs: readonly { readonly path: string; readonly spec: ServerSpec }[]): string[] {
  const owners = new Map<string, string>();
  const lines: string[] = [];
  const claim = (what: string, path: string): void => {
    const owner = owners.get(what);
    if (owner === undefined) owners.set(what, path);
    else if (resolve(owner) !== resolve(path))
      lines.push(`${path}: ${what} is that of ${owner} too: change one of them`);
  };
  for (const { path, spec } of specs) {
    claim(`the name ${spec.name}`, path);
    if (typeof spec.port === 'number') claim(`spec.port ${spec.port}`, path);
  }
  return lines;
}
