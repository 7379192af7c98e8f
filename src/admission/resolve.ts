import { optionalUnitPathProblem, requestPathProblem, searchPathProblem } from '../spec/paths.ts';
import type { TemplateValues } from '../spec/templates.ts';
import type { HttpCheck, ProbeSpec, Sandbox, ServerSpec, TcpCheck } from '../spec/types.ts';
import { EnvironmentError, encodeEnvironment, serverEnvironment } from '../units/environment.ts';
import { unitName } from '../units/name.ts';
import {
  createExpander,
  directoryProblem,
  type Expander,
  expandedPath,
  FieldRefusal,
  headerProblem,
  portProblem,
  programProblem,
  unicodeProblem,
} from './fields.ts';
import { groupNames, type RunsAs } from './runsAs.ts';
import type { Group, Server } from './types.ts';

/** What must be known of the host to admit a spec. */
export interface AdmissionFacts extends Pick<RunsAs, 'account' | 'group'> {
  /** Absent, as `group` too: not looked up, the names in the spec are taken as they are. */
  readonly supplementaryGroups?: RunsAs['supplementaryGroups'];
  /** The port that was chosen; absent where the spec says `port: none`. */
  readonly port?: number;
  /** Values of `{RUNTIME_DIR}` and `{STATE_DIR}`; absent: a spec that uses them is refused. */
  readonly runtimeDirectory?: string;
  readonly stateDirectory?: string;
}

export type AdmissionResult =
  | { readonly kind: 'admitted'; readonly server: Server }
  | {
      readonly kind: 'refused';
      readonly reason: 'SchemaError';
      /** `spec.workingDirectory: what is wrong`, without values of variables or arguments. */
      readonly message: string;
    };

/** Pools are named in templates before there are any: every server is in this one. */
const DEFAULT_POOL = 'default';

/**
 * admission/ turns a spec into a server that may run here: its facts filled in, or a refusal. It decides from what it is given and does no I/O.
 *
 * Every template of the server's spec is expanded and every text judged again, since a home or a name may hold what the spec's own
 * text may not. The port of a probe is a number afterwards.
 */
export function admit(spec: ServerSpec, facts: AdmissionFacts): AdmissionResult {
  const unit = unitName(spec.name);
  try {
    const server: Server = {
      spec: expandSpec(spec, templateValues(spec, facts, unit), facts),
      account: inItsGroup(facts),
      ...(facts.port === undefined ? {} : { port: facts.port }),
      unit,
    };
    encodeEnvironment(serverEnvironment(server).variables);
    return { kind: 'admitted', server };
  } catch (err) {
    if (err instanceof FieldRefusal) return { kind: 'refused', reason: 'SchemaError', message: err.message };
    if (err instanceof EnvironmentError) {
      return { kind: 'refused', reason: 'SchemaError', message: `spec.environment: ${err.message}` };
    }
    throw err;
  }
}

function templateValues(
  spec: ServerSpec,
  { account: asked, group, port, runtimeDirectory, stateDirectory }: AdmissionFacts,
  unit: string,
): TemplateValues {
  const account = inItsGroup({ account: asked, group });
  return {
    NAME: spec.name,
    USER: account.name,
    ...(account.isDynamic === true ? {} : { UID: String(account.uid), GID: String(account.gid) }),
    POOL: DEFAULT_POOL,
    UNIT: unit,
    ...(account.home.startsWith('/') ? { HOME: account.home } : {}),
    ...(port === undefined ? {} : { PORT: String(port) }),
    ...(runtimeDirectory === undefined ? {} : { RUNTIME_DIR: runtimeDirectory }),
    ...(stateDirectory === undefined ? {} : { STATE_DIR: stateDirectory }),
  };
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
  const { readinessProbe } = spec;
  return {
    ...spec,
    user: account.name,
    ...(group === undefined ? {} : { group }),
    supplementaryGroups: [...new Set(supplementaryGroups)],
    command: spec.command.map((argument, index) =>
      field(`spec.command[${index}]`, argument, index === 0 ? programProblem : unicodeProblem),
    ),
    workingDirectory: field('spec.workingDirectory', spec.workingDirectory, directoryProblem),
    environment: mapValues(spec.environment, (value, name) => field(`spec.environment.${name}`, value)),
    extraPaths: spec.extraPaths.map((path, index) =>
      field(`spec.extraPaths[${index}]`, path, expandedPath(searchPathProblem)),
    ),
    shell: field('spec.shell', spec.shell, directoryProblem),
    sandbox: expandSandbox(spec.sandbox, field),
    ...(readinessProbe === undefined ? {} : { readinessProbe: expandProbe(readinessProbe, field, facts.port) }),
  };
}

function expandSandbox(sandbox: Sandbox, field: Expander): Sandbox {
  const paths = (name: 'readOnlyPaths' | 'readWritePaths') =>
    sandbox[name].map((path, index) =>
      field(`spec.sandbox.${name}[${index}]`, path, expandedPath(optionalUnitPathProblem)),
    );
  return { ...sandbox, readOnlyPaths: paths('readOnlyPaths'), readWritePaths: paths('readWritePaths') };
}

function expandProbe(probe: ProbeSpec, field: Expander, port: number | undefined): ProbeSpec {
  return { ...probe, check: expandCheck(probe.check, field, port) };
}

function expandCheck(
  check: HttpCheck | TcpCheck,
  field: Expander,
  serverPort: number | undefined,
): HttpCheck | TcpCheck {
  const path = `spec.probes.readiness.${check.kind}`;
  const port = probePort(`${path}.port`, check.port, field, serverPort);
  switch (check.kind) {
    case 'tcp':
      return { ...check, port };
    case 'http':
      return {
        ...check,
        port,
        path: field(`${path}.path`, check.path, requestPathProblem),
        headers: mapValues(check.headers, (value, name) => field(`${path}.headers.${name}`, value, headerProblem)),
      };
  }
}

function probePort(
  path: string,
  port: number | string | undefined,
  field: Expander,
  serverPort: number | undefined,
): number {
  if (typeof port === 'number') return port;
  if (port !== undefined) return Number(field(path, port, portProblem));
  if (serverPort === undefined) throw new FieldRefusal(`${path}: must be set, since spec.port is none`);
  return serverPort;
}

function mapValues(
  record: Readonly<Record<string, string>>,
  map: (value: string, name: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}
