import type { ServerEnvironment } from '../../units/environment.ts';
import type { Difference } from './difference.ts';

/** Fields of a spec from which hublet itself makes a variable. */
const FIELDS: Readonly<Record<string, string>> = {
  PATH: 'spec.extraPaths',
  SHELL: 'spec.shell',
  PORT: 'spec.port',
  HOME: 'spec.user',
  USER: 'spec.user',
  LOGNAME: 'spec.user',
};

/**
 * Variables that differ between the environment file of a running server and the environment that its spec asks for, by name alone:
 * `spec.environment.TOKEN`. Those that only tell a live limit never do.
 *
 * `own`: names that the spec sets itself.
 */
export function variableDifferences(
  fileText: string,
  wanted: ServerEnvironment,
  own: Readonly<Record<string, string>>,
): Difference[] {
  const present = decodeEnvironment(fileText);
  const names = [...new Set([...present.keys(), ...wanted.variables.keys()])].sort();
  const fields = names
    .filter((name) => present.get(name) !== wanted.variables.get(name) && !isLive(name, wanted))
    .map((name) => (Object.hasOwn(own, name) ? undefined : FIELDS[name]) ?? `spec.environment.${name}`);
  return [...new Set(fields)].map((field) => ({ field, effect: 'restart' }));
}

/** A limit's variable is none of the wanted ones where the limit was taken out. */
function isLive(name: string, { liveNames, variables }: ServerEnvironment): boolean {
  return liveNames.has(name) || (!variables.has(name) && LIMIT_VARIABLES.has(name));
}

const LIMIT_VARIABLES: ReadonlySet<string> = new Set(['MEM_LIMIT', 'MEM_GUARANTEE', 'CPU_LIMIT']);

/** The variables of a file that `encodeEnvironment` wrote. */
export function decodeEnvironment(text: string): Map<string, string> {
  const line = /([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"\n/gsy;
  return new Map(
    [...text.matchAll(line)].map(([, name = '', value = '']) => [name, value.replaceAll(/\\(["\\`$])/g, '$1')]),
  );
}
