import { isoTime } from '../clock.ts';
import type { Config } from '../config/types.ts';
import { DELETED_KEPT_MS } from '../store/revisionFile.ts';
import { type KeptRevisions, readRevisions } from '../store/revisionReader.ts';
import { formatAge } from './amounts.ts';
import type { Context } from './context.ts';
import { CliError, EXIT, errorCode } from './errors.ts';
import { findSpecFile, type SpecFile } from './specFiles.ts';

/** What there is of a server to go back to. */
export interface ServerRevisions extends KeptRevisions {
  /** Its file now; undefined: there is none. */
  readonly file: SpecFile | undefined;
}

/**
 * The revisions of a server; damaged ones are passed over and told of on standard error. Undefined: nobody knows the name, which is told too.
 *
 * `read`: the rim, for tests.
 * @throws {CliError} noPermission, where only another account may read them
 */
export function loadRevisions(
  context: Context,
  config: Config,
  name: string,
  read = readRevisions,
): ServerRevisions | undefined {
  const file = findSpecFile(config, name);
  const kept = readKept(config, name, read);
  for (const revision of kept.damaged) context.warn(`${name}: revision ${revision} is damaged and passed over`);
  if (file === undefined && kept.revisions.length === 0) {
    context.warn(`${name}: not found: 'hublet get' lists the servers there are`);
    return undefined;
  }
  return { ...kept, file };
}

/** When a server was deleted and until when its revisions stay, in words. */
export function deletionWords(deletedMs: number, context: Pick<Context, 'clock'>): string {
  const age = formatAge(context.clock.wallMs() - deletedMs);
  return `was deleted ${age} ago; its revisions are kept until ${isoTime(deletedMs + DELETED_KEPT_MS)}`;
}

function readKept(config: Config, name: string, read: typeof readRevisions): KeptRevisions {
  try {
    return read(config.stateDirectory, name);
  } catch (error) {
    if (errorCode(error) !== 'EACCES') throw error;
    const words = 'revisions hold whole specs, so only the account of the controller may read them: run it as root';
    throw new CliError(EXIT.noPermission, `${config.stateDirectory}: permission denied: ${words}`, { cause: error });
  }
}
