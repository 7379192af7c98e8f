import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrorCode, readFileIfPresent } from '../store/files.ts';
import type { HostStatus, ServerStatus } from './types.ts';

const SUFFIX = '.json';

/** `<runtimeDirectory>/status`: one file a server. */
export function statusDirectory(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'status');
}

/** The status file of one server. Names hold no slash and no leading dot (spec/names.ts), so the name itself is safe as a file name. */
export function statusPath(runtimeDirectory: string, name: string): string {
  return `${statusDirectory(runtimeDirectory)}/${name}${SUFFIX}`;
}

/** `<runtimeDirectory>/status.json`: the status of the host. */
export function hostStatusPath(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'status.json');
}

/** Names of all servers that have a status file, sorted; none where the directory is not there. @throws where it can't be read */
export function statusNames(runtimeDirectory: string): readonly string[] {
  try {
    return readdirSync(statusDirectory(runtimeDirectory))
      .filter((file) => file.endsWith(SUFFIX) && !file.startsWith('.'))
      .map((file) => file.slice(0, -SUFFIX.length))
      .sort();
  } catch (err) {
    if (hasErrorCode(err, 'ENOENT')) return [];
    throw err;
  }
}

/** A server's status as last written; undefined where there is none. @throws where it can't be read or isn't a status */
export function readServerStatus(runtimeDirectory: string, name: string): ServerStatus | undefined {
  return readKind<ServerStatus>(statusPath(runtimeDirectory, name), 'ServerStatus');
}

/** The host's status as last written; undefined where there is none. @throws where it can't be read or isn't a status */
export function readHostStatus(runtimeDirectory: string): HostStatus | undefined {
  return readKind<HostStatus>(hostStatusPath(runtimeDirectory), 'HostStatus');
}

function readKind<T extends ServerStatus | HostStatus>(path: string, kind: T['kind']): T | undefined {
  const text = readFileIfPresent(path);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind) return value as T;
  throw new Error(`${path} is not a ${kind}`);
}
