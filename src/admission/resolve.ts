import { optionalUnitPathProblem, searchPathProblem, unitPathProblem } from '../spec/paths.ts';
import { type TemplateValues, templatesWithin } from '../spec/templates.ts';
import type { ServerSpec } from '../spec/types.ts';
import { type EncodedEnvironment, EnvironmentError, encodedEnvironment } from '../units/environment.ts';
import { serverPathName, unitName } from '../units/name.ts';
import { parseUnitProperties } from '../units/unitProperties.ts';
import { expandProbes } from './expandProbes.ts';
import { expandIo, expandList, expandSandbox } from './expandSandbox.ts';
import {
  createExpander,
  directoryProblem,
  type Expander,
  expandCommand,
  expandedPath,
  FieldRefusal,
  mapValues,
} from './fields.ts';
import { hiddenHomeProblem } from './hiddenHome.ts';
import { groupNames, type RunsAs } from './runsAs.ts';
import type { Group, Server } from './types.ts';

/** What must be known of the host to admit a spec. */
export interface AdmissionFacts extends Pick<RunsAs, 'account' | 'group'> {
  /** Absent, as `group` too: not looked up, the names in the spec are taken as they are. */
  readonly supplementaryGroups?: RunsAs['supplementaryGroups'];
  /** The port that was chosen; absent where the spec says `port: none`. */
  readonly port?: number;
  /** True: for a user manager, which makes its directories elsewhere. Absent: false. */
  readonly isUserMode?: boolean;
  /** What percentages of memory in unitProperties are parts of. Absent: not known, so that there can be none. */
  readonly memoryBytes?: number;
}

export type AdmissionResult =
  | {
      readonly kind: 'admitted';
      readonly server: Server;
      /** Made in order to judge it: whoever compiles the server need not make it again. */
      readonly environment: EncodedEnvironment;
    }
  | {
      readonly kind: 'refused';
      readonly reason: 'SchemaError';
      /** `spec.workingDirectory: what is wrong`, without values of variables or arguments. */
      readonly message: string;
    };

/** What `{POOL}` is for a server in none. */
const NO_POOL = 'default';
/** Where systemd makes the directories that are the servers' own, below /run and /var/lib. */
const DIRECTORIES = 'hublet-servers';

/**
 * admission/ turns a spec into a server that may run here: its facts filled in, or a refusal. It decides from what it is given and does no I/O.
 *
 * Every template of the server's spec is expanded and every text judged again, since a home or a name may hold what the spec's own
 * text may not. The port of a probe is a number afterwards.
 */
export function admit(spec: ServerSpec, facts: AdmissionFacts): AdmissionResult {
  const unit = unitName(spec.name);
  const directory = `${DIRECTORIES}/${serverPathName(spec.name)}`;
  const used = templatesWithin(expandable(spec));
  try {
    const server: Server = {
      spec: expandSpec(spec, templateValues(spec, facts, unit, directory), facts),
      account: inItsGroup(facts),
      ...(facts.port === undefined ? {} : { port: facts.port }),
      unit,
      ...(used.has('RUNTIME_DIR') ? { runtimeDirectory: directory } : {}),
      ...(used.has('STATE_DIR') ? { stateDirectory: directory } : {}),
    };
    const hidden = hiddenHomeProblem(server);
    if (hidden !== undefined) throw new FieldRefusal(hidden);
    const environment = encodedEnvironment(server);
    checkUnitProperties(server.spec.unitProperties, facts);
    return { kind: 'admitted', server, environment };
  } catch (err) {
    if (err instanceof FieldRefusal) return { kind: 'refused', reason: 'SchemaError', message: err.message };
    if (err instanceof EnvironmentError) {
      return { kind: 'refused', reason: 'SchemaError', message: `spec.environment: ${err.message}` };
    }
    throw err;
  }
}

/** @throws {FieldRefusal} naming them all */
function checkUnitProperties(properties: ServerSpec['unitProperties'], facts: AdmissionFacts): void {
  const parsed = parseUnitProperties(properties, facts);
  if (parsed.kind === 'properties') return;
  const problems = parsed.refusals.map(({ setting, message }) => `spec.unitProperties.${setting}: ${message}`);
  throw new FieldRefusal(problems.join('; '));
}

function templateValues(
  spec: ServerSpec,
  { account: asked, group, port, isUserMode }: AdmissionFacts,
  unit: string,
  directory: string,
): TemplateValues {
  const account = inItsGroup({ account: asked, group });
  return {
    NAME: spec.name,
    USER: account.name,
    ...(account.isDynamic === true ? {} : { UID: String(account.uid), GID: String(account.gid) }),
    POOL: spec.pool ?? NO_POOL,
    UNIT: unit,
    ...(account.home.startsWith('/') ? { HOME: account.home } : {}),
    ...(port === undefined ? {} : { PORT: String(port) }),
    ...directories(account, directory, isUserMode === true),
  };
}

/** In user mode the state directory depends on systemd's version (XDG_CONFIG_HOME until 253), so there is none. @see systemd.exec(5), "RuntimeDirectory=" */
function directories(
  account: Server['account'],
  directory: string,
  isUserMode: boolean,
): Pick<TemplateValues, 'RUNTIME_DIR' | 'STATE_DIR'> {
  if (!isUserMode) return { RUNTIME_DIR: `/run/${directory}`, STATE_DIR: `/var/lib/${directory}` };
  return account.isDynamic === true ? {} : { RUNTIME_DIR: `/run/user/${account.uid}/${directory}` };
}

/** The fields in which templates stand for something. */
function expandable({ labels: _labels, annotations: _annotations, ...fields }: ServerSpec): object {
  return fields;
}

/** The account with the group that it has here as its own. A dynamic user's gid is known no more than its uid. */
function inItsGroup({
  account,
  group,
}: Pick<AdmissionFacts, 'account'> & { readonly group?: Group | undefined }): Server['account'] {
  return account.isDynamic === true || group === undefined ? account : { ...account, gid: group.gid };
}

function expandSpec(spec: ServerSpec, values: TemplateValues, facts: AdmissionFacts): ServerSpec {
  const { account } = facts;
  const names = groupNames(spec, account.name);
  const group = facts.group?.name ?? names.group;
  const supplementaryGroups = facts.supplementaryGroups?.map(({ name }) => name) ?? names.supplementary;
  const field = createExpander(values, { isDynamicUser: account.isDynamic === true });
  const { io } = spec.resources;
  return {
    ...spec,
    user: account.name,
    ...(group === undefined ? {} : { group }),
    supplementaryGroups: [...new Set(supplementaryGroups)],
    command: expandCommand('spec.command', spec.command, field),
    preStart: expandCommands('spec.preStart', spec.preStart, field),
    postStop: expandCommands('spec.postStop', spec.postStop, field),
    workingDirectory: field('spec.workingDirectory', spec.workingDirectory, directoryProblem),
    environment: mapValues(spec.environment, (value, name) => field(`spec.environment.${name}`, value)),
    environmentFiles: expandList(
      'spec.environmentFiles',
      spec.environmentFiles,
      field,
      expandedPath(optionalUnitPathProblem),
    ),
    credentials: mapValues(spec.credentials, (path, name) =>
      field(`spec.credentials.${name}`, path, expandedPath(unitPathProblem)),
    ),
    extraPaths: expandList('spec.extraPaths', spec.extraPaths, field, expandedPath(searchPathProblem)),
    shell: field('spec.shell', spec.shell, directoryProblem),
    resources: { ...spec.resources, ...(io === undefined ? {} : { io: expandIo(io, field) }) },
    sandbox: expandSandbox(spec.sandbox, field),
    unitProperties: expandProperties(spec.unitProperties, field),
    ...expandProbes(spec, field, facts.port),
  };
}

function expandCommands(path: string, commands: ServerSpec['preStart'], field: Expander): string[][] {
  return commands.map((command, index) => expandCommand(`${path}[${index}]`, command, field));
}

function expandProperties(properties: ServerSpec['unitProperties'], field: Expander): ServerSpec['unitProperties'] {
  const entries = Object.entries(properties).map(([name, value]): [string, string | readonly string[]] => {
    const path = `spec.unitProperties.${name}`;
    return [name, typeof value === 'string' ? field(path, value) : expandList(path, value, field)];
  });
  return Object.fromEntries(entries);
}
