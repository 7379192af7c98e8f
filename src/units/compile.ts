import type { Server } from '../admission/types.ts';
import type { Resources } from '../spec/types.ts';
import { canonicalValue } from './canonical.ts';
import { cpuMask } from './cpuset.ts';
import { encodeEnvironment, serverEnvironment } from './environment.ts';
import { unitHash } from './hash.ts';
import { buildMarks } from './marks.ts';
import { serverFileId } from './name.ts';
import { escapeGlob, fileUrl, searchPath } from './paths.ts';
import { poolSlice } from './pool.ts';
import { liveRows, propertyRow } from './table.ts';
import type { UnitContext, UnitPlan, UnitProperty } from './types.ts';
import { needsPrivateUsers } from './userMode.ts';

/**
 * units/ turns a server into what systemd must be told, and compares that with what systemd says. It decides nothing and does no I/O.
 *
 * The plan of one server: the same server and context always give the same plan, and two plans with equal `hash` differ in nothing
 * that needs a restart.
 * @throws {EnvironmentError} a variable that can't be given; `admit` has refused such a server before
 * @see org.freedesktop.systemd1(5), "StartTransientUnit"
 */
export function compileUnit(server: Server, context: UnitContext): UnitPlan {
  const { spec } = server;
  const environment = serverEnvironment(server);
  const path = `${context.environmentDirectory}/${serverFileId(spec.name)}.env`;
  const live = liveProperties(spec.resources);
  const wanted = [
    // The name not last: a backslash at the end of a line would join it with the next where systemd stores the unit.
    property('Description', `${spec.name} (hublet server)`),
    ...(context.specPath === '' ? [] : [property('Documentation', [fileUrl(context.specPath)])]),
    property('Slice', poolSlice(spec.pool)),
    ...lifecycleProperties(server),
    ...processProperties(server, environment.variables.get('PATH') ?? '', path),
    ...sandboxProperties(server, context.isUserMode ?? false),
    ...live.filter(isSentAtStart),
  ];
  const isNamespaced = context.isUserMode === true && needsPrivateUsers(wanted);
  const unmarked = isNamespaced ? [...wanted, property('PrivateUsers', true)] : wanted;
  const hash = unitHash(context.hashKey, unmarked, environment);
  const marks = buildMarks({ server: spec.name, instance: context.instanceId, hash });
  return {
    unit: server.unit,
    properties: [...unmarked, property('LogExtraFields', marks)],
    live,
    environmentFile: { path, text: encodeEnvironment(environment.variables) },
    hash,
  };
}

/** hublet alone restarts and judges: systemd starts it once, stops it when told, and keeps a failed unit until its exit has been read. */
function lifecycleProperties({ spec }: Server): UnitProperty[] {
  return [
    property('Type', 'exec'),
    property('Restart', 'no'),
    property('StartLimitIntervalUSec', 0n),
    property('CollectMode', 'inactive'),
    property('KillMode', 'mixed'),
    property('OOMPolicy', 'continue'),
    property('TimeoutStartUSec', timeoutUsec(spec.startTimeoutMs)),
    property('TimeoutStopUSec', timeoutUsec(spec.terminationGracePeriodMs)),
    property('StandardOutput', 'journal'),
    property('StandardError', 'inherit'),
  ];
}

function processProperties({ spec }: Server, path: string, environmentFile: string): UnitProperty[] {
  const [program = ''] = spec.command;
  const search = program.includes('/') ? [] : searchPath(path);
  return [
    property('WorkingDirectory', spec.workingDirectory),
    property('EnvironmentFiles', [[escapeGlob(environmentFile), false]]),
    property('ExecStart', [[program, spec.command.map(escapeArgument), false]]),
    ...(search.length === 0 ? [] : [property('ExecSearchPath', search)]),
  ];
}

function sandboxProperties({ spec: { sandbox }, account }: Server, isUserMode: boolean): UnitProperty[] {
  return [
    ...(isUserMode ? [] : [property('User', account.name)]),
    property('PrivateTmp', sandbox.privateTmp),
    property('NoNewPrivileges', sandbox.noNewPrivileges),
    ...(sandbox.readOnlyPaths.length === 0 ? [] : [property('ReadOnlyPaths', sandbox.readOnlyPaths)]),
    ...(sandbox.readWritePaths.length === 0 ? [] : [property('ReadWritePaths', sandbox.readWritePaths)]),
  ];
}

/** One property for every live row, so that a limit that was taken out of the spec goes back. */
function liveProperties(resources: Resources): UnitProperty[] {
  const wanted = limitValues(resources);
  return liveRows().map(({ name, unset }) => property(name, wanted[name] ?? unset));
}

function limitValues(resources: Resources): Readonly<Record<string, unknown>> {
  const swapMax = resources.memorySwapMaxBytes ?? (resources.memoryMaxBytes === undefined ? undefined : 0);
  return {
    MemoryMax: integer(resources.memoryMaxBytes),
    MemoryHigh: integer(resources.memoryHighBytes),
    MemoryLow: integer(resources.memoryLowBytes),
    MemorySwapMax: integer(swapMax),
    CPUQuotaPerSecUSec: resources.cpuLimitCores === undefined ? undefined : cpuQuotaUsec(resources.cpuLimitCores),
    CPUWeight: integer(resources.cpuWeight),
    AllowedCPUs: resources.allowedCpus === undefined ? undefined : cpuMask(resources.allowedCpus),
    TasksMax: integer(resources.tasksMax),
  };
}

/** Cores as CPUQuotaPerSecUSec= has them, microseconds of CPU time a second: 1.15 is 1150000, exact to a millionth. */
export function cpuQuotaUsec(cores: number): bigint {
  return BigInt(Math.round(cores * 1e6));
}

/** `$` doubled: systemd expands variables in ExecStart arguments, and `$$` is its way to say `$`; `%` it leaves alone on D-Bus. */
function escapeArgument(argument: string): string {
  return argument.replaceAll('$', '$$$$');
}

/** systemd takes a timeout of 0 as none at all, so the shortest is a microsecond. */
function timeoutUsec(timeoutMs: number): bigint {
  const usec = BigInt(Math.round(timeoutMs * 1000));
  return usec === 0n ? 1n : usec;
}

function isSentAtStart({ name, value }: UnitProperty): boolean {
  const row = propertyRow(name);
  if (row?.change !== 'live') return false;
  return row.isUnsetSent || canonicalValue(value) !== canonicalValue(row.unset);
}

function integer(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}

function property(name: string, value: unknown): UnitProperty {
  const row = propertyRow(name);
  if (row === undefined) throw new TypeError(`the property table has no row for ${name}`);
  return { name, signature: row.signature, value };
}
