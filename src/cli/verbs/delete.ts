import type { Context } from '../context.ts';
import { EXIT, errorCode } from '../errors.ts';
import { findSpecFile, removeSpecFile } from '../specFiles.ts';
import { runWait } from './wait.ts';

export interface DeleteOptions {
  readonly names: readonly string[];
  /** True: until the servers are gone. */
  readonly isWaiting: boolean;
  readonly timeoutMs: number;
}

/** `hublet delete`: removes spec files; the controller does the rest. Names without a file are told of, the others still go. */
export async function runDelete(context: Context, { names, isWaiting, timeoutMs }: DeleteOptions): Promise<number> {
  const config = await context.config();
  const deleted: string[] = [];
  for (const name of new Set(names)) {
    const file = findSpecFile(config, name);
    if (file !== undefined && removeUnlessGone(file.path)) {
      deleted.push(name);
      if (!isWaiting) context.print(`${name} deleted\n`);
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

function removeUnlessGone(path: string): boolean {
  try {
    removeSpecFile(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
