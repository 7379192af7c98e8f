import type { Config } from '../../config/types.ts';
import { unitName } from '../../units/name.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT, errorCode } from '../errors.ts';
import { findSpecFile, readSpecText, removeSpecFile } from '../specFiles.ts';
import { checkSpec } from '../specText.ts';
import { runWait } from './wait.ts';

export interface DeleteOptions {
  readonly names: readonly string[];
  /** True: until the servers are gone. */
  readonly isWaiting: boolean;
  readonly timeoutMs: number;
}

/**
 * `hublet delete`: removes spec files; the controller does the rest. Names without a file are told of, the others still go.
 * Of a server that is not stopped by that (deletionPolicy: Orphan) it says so, and how to stop it.
 */
export async function runDelete(context: Context, { names, isWaiting, timeoutMs }: DeleteOptions): Promise<number> {
  const config = await context.config();
  const deleted: string[] = [];
  for (const name of new Set(names)) {
    const file = findSpecFile(config, name);
    const isLeft = file !== undefined && isOrphaned(config, name, file.path);
    if (file !== undefined && removeUnlessGone(file.path)) {
      deleted.push(name);
      if (!isWaiting) context.print(`${name} deleted\n`);
      if (isLeft) context.warn(leftWords(config, name));
    } else {
      context.warn(`${name}: not found: 'hublet get' lists the servers there are`);
    }
  }
  if (isWaiting && deleted.length > 0) {
    const code = await runWait(context, { names: deleted, goal: 'deleted', timeoutMs, verbDone: 'deleted' });
    if (code !== EXIT.ok) return code;
  }
  return deleted.length === new Set(names).size ? EXIT.ok : EXIT.notFound;
}

/** Whether its spec asks for it to run on. Of one that can't be read nothing is said: what counts then is its last good spec. */
function isOrphaned(config: Config, name: string, path: string): boolean {
  try {
    const checked = checkSpec(readSpecText(path), name, path, config);
    return checked.kind === 'valid' && checked.spec.deletionPolicy === 'Orphan';
  } catch (error) {
    if (error instanceof CliError || errorCode(error) !== undefined) return false;
    throw error;
  }
}

function leftWords({ isUserMode }: Config, name: string): string {
  const systemctl = isUserMode ? 'systemctl --user' : 'systemctl';
  return `${name}: if it runs it runs on without hublet (deletionPolicy: Orphan); to stop it: ${systemctl} stop ${shellWord(unitName(name))}`;
}

function shellWord(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text}'`;
}

function removeUnlessGone(path: string): boolean {
  try {
    removeSpecFile(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
