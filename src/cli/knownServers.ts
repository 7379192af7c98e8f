import type { Config } from '../config/types.ts';
import { readServerStatus, statusNames } from '../status/statusFile.ts';
import type { ServerStatus } from '../status/types.ts';
import { unitName } from '../units/name.ts';
import type { Context } from './context.ts';
import { CliError, errorCode } from './errors.ts';
import { listSpecFiles, readSpecText, type SpecFile } from './specFiles.ts';

export interface KnownServers {
  /** By name, sorted. */
  readonly servers: ReadonlyMap<string, ServerStatus>;
  /** Desired-state directories that don't exist. */
  readonly missingSources: readonly string[];
}

/**
 * Every server there is a status or a spec file of, by name.
 *
 * A spec that no controller has looked at yet is shown as Pending with no conditions. A status that can't be understood is
 * told of on standard error and left out.
 */
export async function readServers(context: Context, config: Config): Promise<KnownServers> {
  const servers = new Map<string, ServerStatus>();
  for (const name of statusNames(config.runtimeDirectory)) {
    const status = readStatus(context, config, name);
    if (status !== undefined) servers.set(name, status);
  }
  const { files, missing } = listSpecFiles(config);
  for (const file of files) {
    if (!servers.has(file.name)) servers.set(file.name, await describeUnseen(file));
  }
  return { servers: new Map([...servers].sort(([a], [b]) => (a < b ? -1 : 1))), missingSources: missing };
}

/** One server's status; undefined where there is none that can be understood, which is told of on standard error. @throws where it may not be read */
export function readStatus(context: Context, config: Config, name: string): ServerStatus | undefined {
  try {
    return readServerStatus(config.runtimeDirectory, name);
  } catch (error) {
    if (errorCode(error) !== undefined) throw error;
    context.warn(
      `the status of ${name} can't be understood (${(error as Error).message}): is its controller another version?`,
    );
    return undefined;
  }
}

async function describeUnseen(file: SpecFile): Promise<ServerStatus> {
  const { parseSpec } = await import('../spec/parse.ts');
  const parsed = parseSpec(readUnlessGone(file.path), file.name);
  return {
    apiVersion: 'hublet/v1',
    kind: 'ServerStatus',
    metadata: {
      name: file.name,
      generation: 0,
      source: null,
      labels: parsed.kind === 'valid' ? (parsed.document.metadata.labels ?? {}) : {},
    },
    status: {
      observedGeneration: 0,
      phase: 'Pending',
      user: null,
      pool: null,
      unit: unitName(file.name),
      controlGroup: null,
      invocationId: null,
      mainPid: null,
      address: null,
      restarts: 0,
      startedAt: null,
      readyAt: null,
      nextTransition: null,
      lastExit: null,
      applied: {},
      conditions: [],
    },
  };
}

/** A file that went meanwhile, or that can't be a spec, reads as empty: the listing showed its name, and that is all that is known. */
function readUnlessGone(path: string): string {
  try {
    return readSpecText(path);
  } catch (error) {
    if (error instanceof CliError || errorCode(error) === 'ENOENT' || errorCode(error) === 'EACCES') return '';
    throw error;
  }
}
