import { lstatSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { ProfileSet } from '../../admission/profile.ts';
import type { ServerSpec } from '../../spec/types.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { listDirectory, readSpecText, type SpecFile } from '../specFiles.ts';
import { checkSpec } from '../specText.ts';

/**
 * `hublet validate`: judges specs without a controller or a bus, with the profiles of this host's configuration where there
 * is one. Exit code 3 where one is invalid.
 */
export async function runValidate(context: Context, paths: readonly string[]): Promise<number> {
  const lines: string[] = [];
  const specs: { readonly path: string; readonly spec: ServerSpec }[] = [];
  const set = await readProfiles(context);
  let count = 0;
  for (const { name, path } of paths.flatMap(expand)) {
    try {
      count += 1;
      const checked = checkSpec(readSpecText(path), name, path, set);
      if (checked.kind === 'valid') specs.push({ path, spec: checked.spec });
      // On another computer than the server's, its profiles may well not be there.
      else if (checked.kind === 'unknownProfile' && Object.keys(set.profiles).length === 0) {
        context.warn(`${path}: judged without its profile, as there are no profiles here`);
      } else lines.push(...checked.lines);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      lines.push(error.message);
    }
  }
  lines.push(...findConflicts(specs));
  for (const line of lines) context.warn(line);
  if (lines.length > 0) return EXIT.invalid;
  context.print(count === 1 ? `ok: ${paths.flatMap(expand)[0]?.path} is valid\n` : `ok: ${count} specs are valid\n`);
  return EXIT.ok;
}

/** The profiles of this host; none, and a warning, where its configuration is bad. */
async function readProfiles(context: Context): Promise<ProfileSet> {
  try {
    return await context.config();
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode !== EXIT.badConfiguration) throw error;
    context.warn(`the configuration is bad, so profiles are not known: ${error.message}`);
    return { profiles: {} };
  }
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
