import type { Server } from '../admission/types.ts';
import { escapeGlob, searchPath } from './paths.ts';
import { listProperty, property } from './property.ts';
import { storedCommand } from './storedCommand.ts';
import type { UnitProperty } from './types.ts';

/**
 * What runs, where and with which variables.
 *
 * @param path its PATH, on which bare names are found
 * @param environmentFile hublet's own file of variables, which comes last and so wins over the spec's files
 * @see systemd.service(5), systemd.exec(5)
 */
export function processProperties({ spec }: Server, path: string, environmentFile: string): UnitProperty[] {
  // They run when everything else is over: systemd may have read its units anew since the start.
  const postStop = spec.postStop.map(storedCommand);
  const commands = [spec.command, ...spec.preStart, ...spec.postStop];
  const isSearched = commands.some(([program = '']) => !program.includes('/'));
  return [
    property('WorkingDirectory', spec.workingDirectory),
    property('EnvironmentFiles', [...spec.environmentFiles.map(fileEntry), [escapeGlob(environmentFile), false]]),
    property('ExecStart', [execEntry(spec.command)]),
    ...listProperty('ExecStartPre', spec.preStart.map(execEntry)),
    ...listProperty('ExecStopPost', postStop.map(execEntry)),
    ...(isSearched ? listProperty('ExecSearchPath', searchPath(path)) : []),
    ...listProperty('LoadCredential', Object.entries(spec.credentials)),
  ];
}

/** Program, arguments with the name first, and whether a failure is ignored. A prefix such as `+` has no way in here. */
export function execEntry(command: readonly string[]): unknown {
  return [command[0] ?? '', command.map(escapeArgument), false];
}

/** `$` doubled: systemd expands variables in ExecStart arguments, and `$$` is its way to say `$`; `%` it leaves alone on D-Bus. */
function escapeArgument(argument: string): string {
  return argument.replaceAll('$', '$$$$');
}

/** Literally that path, and whether it may be absent. */
function fileEntry(path: string): unknown {
  const isOptional = path.startsWith('-');
  return [escapeGlob(path.slice(isOptional ? 1 : 0)), isOptional];
}
