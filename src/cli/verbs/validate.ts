import { lstatSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { ServerSpec } from '../../spec/types.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { listDirectory, readSpecText, type SpecFile } from '../specFiles.ts';
import { type CheckedSpec, checkSpec, type KnownNames } from '../specText.ts';

/**
 * `hublet validate`: judges specs without a controller or a bus, with the profiles and pools of this host's configuration
 * where there is one. Exit code 3 where one is invalid.
 */
export async function runValidate(context: Context, paths: readonly string[]): Promise<number> {
  const lines: string[] = [];
  const specs: { readonly path: string; readonly spec: ServerSpec }[] = [];
  const set = await readNames(context);
  let count = 0;
  for (const { name, path } of paths.flatMap(expand)) {
    try {
      count += 1;
      const checked = checkSpec(readSpecText(path), name, path, set);
      const missing = missingHere(checked, set);
      if (missing !== undefined)
        context.warn(`${path}: judged without its ${missing}, as there are no ${missing}s here`);
      if (checked.kind === 'valid' || checked.kind === 'unknownPool') specs.push({ path, spec: checked.spec });
      if (checked.kind !== 'valid' && missing === undefined) lines.push(...checked.lines);
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

/** What a spec speaks of and can't be known on this computer, which may well be another than the server's; undefined: nothing. */
function missingHere({ kind }: CheckedSpec, { profiles, pools }: KnownNames): 'profile' | 'pool' | undefined {
  if (kind === 'unknownProfile' && Object.keys(profiles).length === 0) return 'profile';
  return kind === 'unknownPool' && pools.size === 0 ? 'pool' : undefined;
}

/** The profiles and pools of this host; none, and a warning, where its configuration is bad. */
async function readNames(context: Context): Promise<KnownNames> {
  try {
    return await context.config();
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode !== EXIT.badConfiguration) throw error;
    context.warn(`the configuration is bad, so profiles and pools are not known: ${error.message}`);
    return { profiles: {}, pools: new Map() };
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
