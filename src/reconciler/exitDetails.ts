import type { Server } from '../admission/types.ts';
import type { ExitDetails } from '../status/exitMessage.ts';
import { serverEnvironment } from '../units/environment.ts';
import { searchPath } from '../units/paths.ts';

/**
 * What of a server makes the words about its end more exact; nothing where it is not known any more.
 *
 * @param isBeforeMain one of its commands before the main one ended it
 */
export function exitDetails(server: Server | undefined, isBeforeMain: boolean): ExitDetails {
  if (server === undefined) return {};
  const { spec } = server;
  const programs = (isBeforeMain ? spec.preStart : [spec.command]).map(([program = '']) => program);
  const areBare = programs.every((program) => !program.includes('/'));
  return {
    memoryLimitBytes: spec.resources.memoryMaxBytes,
    workingDirectory: spec.workingDirectory,
    user: server.account.name,
    bareNames: areBare ? [...new Set(programs)] : [],
    path: searchPath(serverEnvironment(server).variables.get('PATH') ?? '').join(':'),
  };
}
