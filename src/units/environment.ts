import type { Server } from '../admission/types.ts';
import { environmentProblem, variableNameProblem, variableValueProblem } from '../spec/environment.ts';
import { formatCores } from '../spec/quantities.ts';
import { DEFAULT_PATH, isUnicodeText } from './paths.ts';

/** The variables of one server, its own and those that every server gets. */
export interface ServerEnvironment {
  /** Sorted by name. */
  readonly variables: ReadonlyMap<string, string>;
  /** Names of those that only tell a live limit as of the last start: a change of theirs asks for no restart. */
  readonly liveNames: ReadonlySet<string>;
}

/** The same with the text of its file. */
export interface EncodedEnvironment extends ServerEnvironment {
  /** As `encodeEnvironment` has it. */
  readonly text: string;
}

/** A variable can't be given to a server; names the variable, never its value. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  /** Empty: about all variables together. */
  readonly variable: string;

  constructor(variable: string, message: string) {
    super(message);
    this.variable = variable;
  }
}

/**
 * Everything a server finds in its environment besides what systemd adds: the account's variables, PATH, PORT, the limits under
 * systemdspawner's names, HUBLET_SERVER; the spec's own override them all. `extraPaths` come before PATH, whoever set it.
 *
 * @throws {EnvironmentError} a name that is none or belongs to systemd, a value that systemd or the kernel would not take
 */
export function serverEnvironment(server: Server): ServerEnvironment {
  const { spec, account } = server;
  const limits = limitVariables(server);
  const own = Object.entries(spec.environment);
  const variables = new Map([
    ['HOME', account.home],
    ['HUBLET_SERVER', spec.name],
    ['LOGNAME', account.name],
    ['SHELL', spec.shell],
    ['USER', account.name],
    ...(server.port === undefined ? [] : [['PORT', String(server.port)] as const]),
    ...limits,
    ...own,
  ]);
  variables.set('PATH', [...spec.extraPaths, variables.get('PATH') ?? DEFAULT_PATH].join(':'));
  const problem = environmentProblem(Object.fromEntries(variables));
  if (problem !== undefined) throw new EnvironmentError('', `all variables together ${problem}`);
  return {
    variables: new Map([...variables].sort(([a], [b]) => (a < b ? -1 : 1))),
    liveNames: new Set([...limits.keys()].filter((name) => !Object.hasOwn(spec.environment, name))),
  };
}

/** All of a server's environment as systemd gets it. @throws {EnvironmentError} what `serverEnvironment` or `encodeEnvironment` refuses */
export function encodedEnvironment(server: Server): EncodedEnvironment {
  const environment = serverEnvironment(server);
  return { ...environment, text: encodeEnvironment(environment.variables) };
}

/**
 * The text of an EnvironmentFile= that gives back exactly these variables, in their order.
 *
 * Inside double quotes only `"`, backslash, backtick and `$` are escaped; all else, line breaks included, is literal.
 * @throws {EnvironmentError} what would make systemd drop the variable or the whole file
 * @see systemd.exec(5), "EnvironmentFile="
 */
export function encodeEnvironment(variables: ReadonlyMap<string, string>): string {
  let text = '';
  for (const [name, value] of variables) {
    checkVariable(name, value);
    text += `${name}="${value.replace(/["\\`$]/g, '\\$&')}"\n`;
  }
  return text;
}

/** MEM_LIMIT, MEM_GUARANTEE in bytes and CPU_LIMIT in cores, each only where there is one. */
function limitVariables({ spec: { resources } }: Server): Map<string, string> {
  const limits = new Map<string, string>();
  if (resources.memoryMaxBytes !== undefined) limits.set('MEM_LIMIT', String(resources.memoryMaxBytes));
  if (resources.memoryLowBytes !== undefined) limits.set('MEM_GUARANTEE', String(resources.memoryLowBytes));
  if (resources.cpuLimitCores !== undefined) limits.set('CPU_LIMIT', formatCores(resources.cpuLimitCores));
  return limits;
}

function checkVariable(name: string, value: string): void {
  const nameProblem = variableNameProblem(name);
  if (nameProblem !== undefined) throw new EnvironmentError(name, `${JSON.stringify(name)} ${nameProblem}`);
  const valueProblem = isUnicodeText(value)
    ? variableValueProblem(value)
    : 'must be Unicode text without NUL and noncharacters';
  if (valueProblem !== undefined) throw new EnvironmentError(name, `the value of ${name} ${valueProblem}`);
}
