import { parseCron } from '../schedule/cron.ts';
import type { Schedule } from '../schedule/windows.ts';
import { splitBind } from './binds.ts';
import { CHECK_DEFAULTS, PROBE_DEFAULTS, type ProbeKind, SPEC_DEFAULTS } from './defaults.ts';
import { splitDeviceRule } from './devices.ts';
import { parseCores, parseCpus, parseDurationMs, parseSizeBytes } from './quantities.ts';
import type { CompleteDocument, ServerDocument } from './schema.ts';
import { parseMomentMs } from './times.ts';
import type {
  Backoff,
  IdleCheck,
  IdleMeasure,
  IdlePolicy,
  IoLimits,
  ProbeSpec,
  Resources,
  Sandbox,
  ServerSpec,
  Suspension,
  UpdateIdle,
} from './types.ts';
import { parseUmask } from './umask.ts';

type Fields = ServerDocument['spec'];
type Probe = NonNullable<NonNullable<Fields['probes']>[ProbeKind]>;

/**
 * What a document asks for: defaults filled in and quantities parsed; templates stay.
 *
 * The document is one that the schema accepts and that has no contradictions and no gaps.
 */
export function resolveServer({ metadata, spec }: CompleteDocument): ServerSpec {
  const suspend = resolveSuspension(spec.suspend);
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ...optional('profile', spec.profile, (name) => name),
    user: String(spec.user ?? SPEC_DEFAULTS.user),
    ...optional('group', spec.group, String),
    supplementaryGroups: (spec.supplementaryGroups ?? []).map(String),
    dynamicUser: spec.dynamicUser ?? SPEC_DEFAULTS.dynamicUser,
    command: spec.command,
    preStart: spec.preStart ?? [],
    postStop: spec.postStop ?? [],
    workingDirectory: spec.workingDirectory ?? SPEC_DEFAULTS.workingDirectory,
    environment: spec.environment ?? {},
    environmentFiles: spec.environmentFiles ?? [],
    credentials: spec.credentials ?? {},
    extraPaths: spec.extraPaths ?? [],
    shell: spec.shell ?? SPEC_DEFAULTS.shell,
    port: spec.port ?? SPEC_DEFAULTS.port,
    resources: resolveResources(spec.resources),
    sandbox: resolveSandbox(spec.sandbox),
    ...optional('pool', spec.pool, (name) => name),
    unitProperties: spec.unitProperties ?? {},
    ...optional('startupProbe', spec.probes?.startup, (probe) => resolveProbe('startup', probe)),
    ...optional('readinessProbe', spec.probes?.readiness, (probe) => resolveProbe('readiness', probe)),
    ...optional('livenessProbe', spec.probes?.liveness, (probe) => resolveProbe('liveness', probe)),
    restartPolicy: spec.restartPolicy ?? SPEC_DEFAULTS.restartPolicy,
    backoff: resolveBackoff(spec.backoff),
    terminationGracePeriodMs: parseDurationMs(spec.terminationGracePeriod ?? SPEC_DEFAULTS.terminationGracePeriod),
    startTimeoutMs: parseDurationMs(spec.startTimeout ?? SPEC_DEFAULTS.startTimeout),
    ...optional('schedule', spec.schedule, resolveSchedule),
    ...optional('idle', spec.idle, (idle) => resolveIdle(idle, spec)),
    ...optional('maxAgeMs', spec.maxAge, parseDurationMs),
    ...(suspend === undefined ? {} : { suspend }),
    updateStrategy: spec.updateStrategy ?? SPEC_DEFAULTS.updateStrategy,
    ...(spec.updateStrategy === 'WhenIdle' ? { updateIdle: resolveUpdateIdle(spec) } : {}),
    deletionPolicy: spec.deletionPolicy ?? SPEC_DEFAULTS.deletionPolicy,
    priority: spec.priority ?? SPEC_DEFAULTS.priority,
  };
}

function resolveResources(resources: Fields['resources']): Resources {
  const { memory, cpu, tasks, files, io } = resources ?? {};
  // Without this a server at its memory limit would go on in swap, slowly, where its owner expects an end.
  const swap = memory?.swap ?? (memory?.limit === undefined ? undefined : 0);
  return {
    ...optional('memoryMaxBytes', memory?.limit, parseSizeBytes),
    ...optional('memoryHighBytes', memory?.high, parseSizeBytes),
    ...optional('memoryLowBytes', memory?.guarantee, parseSizeBytes),
    ...optional('memorySwapMaxBytes', swap, parseSizeBytes),
    ...optional('cpuLimitCores', cpu?.limit, parseCores),
    ...optional('cpuWeight', cpu?.weight, (weight) => weight),
    ...optional('allowedCpus', cpu?.cpus, parseCpus),
    ...optional('tasksMax', tasks, (count) => count),
    ...optional('filesMax', files, (count) => count),
    ...optional('io', io, resolveIo),
  };
}

function resolveIo(io: NonNullable<NonNullable<Fields['resources']>['io']>): IoLimits {
  const sizes = (limits: Readonly<Record<string, string | number>>) =>
    Object.fromEntries(Object.entries(limits).map(([path, size]) => [path, parseSizeBytes(size)]));
  return {
    ...optional('weight', io.weight, (weight) => weight),
    ...optional('readBytesPerSecond', io.readBytesPerSecond, sizes),
    ...optional('writeBytesPerSecond', io.writeBytesPerSecond, sizes),
    ...optional('readIops', io.readIops, (limits) => limits),
    ...optional('writeIops', io.writeIops, (limits) => limits),
  };
}

function resolveSandbox(sandbox: Fields['sandbox']): Sandbox {
  const { deviceAllow, bindPaths, bindReadOnlyPaths, umask, ...rest } = sandbox ?? {};
  return {
    ...defined(rest),
    privateTmp: sandbox?.privateTmp ?? SPEC_DEFAULTS.privateTmp,
    ...(sandbox?.privateTmp === undefined ? { isPrivateTmpDefault: true } : {}),
    noNewPrivileges: sandbox?.noNewPrivileges ?? SPEC_DEFAULTS.noNewPrivileges,
    readOnlyPaths: sandbox?.readOnlyPaths ?? [],
    readWritePaths: sandbox?.readWritePaths ?? [],
    // Empty is the contract's default: nothing is closed, and a profile's list is taken back.
    ...(deviceAllow?.length ? { deviceAllow: deviceAllow.map(splitDeviceRule) } : {}),
    ...optional('bindPaths', bindPaths, (binds) => binds.map(splitBind)),
    ...optional('bindReadOnlyPaths', bindReadOnlyPaths, (binds) => binds.map(splitBind)),
    ...optional('umask', umask, parseUmask),
  };
}

function resolveProbe(kind: ProbeKind, probe: Probe): ProbeSpec {
  const defaults = PROBE_DEFAULTS[kind];
  return {
    check: resolveCheck(probe),
    initialDelayMs: (probe.initialDelaySeconds ?? defaults.initialDelaySeconds) * 1000,
    periodMs: (probe.periodSeconds ?? defaults.periodSeconds) * 1000,
    timeoutMs: (probe.timeoutSeconds ?? defaults.timeoutSeconds) * 1000,
    successThreshold: probe.successThreshold ?? defaults.successThreshold,
    failureThreshold: probe.failureThreshold ?? defaults.failureThreshold,
  };
}

function resolveBackoff(backoff: Fields['backoff']): Backoff {
  const defaults = SPEC_DEFAULTS.backoff;
  return {
    initialMs: parseDurationMs(backoff?.initial ?? defaults.initial),
    maxMs: parseDurationMs(backoff?.max ?? defaults.max),
    resetAfterMs: parseDurationMs(backoff?.resetAfter ?? defaults.resetAfter),
  };
}

function resolveCheck({ http, tcp, exec }: Probe): ProbeSpec['check'] {
  if (exec !== undefined) return { kind: 'exec', command: exec.command };
  const port = http?.port ?? tcp?.port;
  if (http === undefined) return { kind: 'tcp', ...(port === undefined ? {} : { port }) };
  return {
    kind: 'http',
    path: http.path ?? CHECK_DEFAULTS.httpPath,
    ...(port === undefined ? {} : { port }),
    scheme: http.scheme ?? CHECK_DEFAULTS.httpScheme,
    headers: http.headers ?? {},
  };
}

function resolveSchedule({ timeZone, windows, overrun }: NonNullable<Fields['schedule']>): Schedule {
  return {
    ...optional('timeZone', timeZone, (zone) => zone),
    windows: windows.map(({ start, stop }) => ({ start: parseCron(start), stop: parseCron(stop) })),
    overrun: overrun ?? SPEC_DEFAULTS.overrun,
  };
}

function resolveIdle(idle: NonNullable<Fields['idle']>, spec: Fields): IdlePolicy {
  const timeoutMs = parseDurationMs(idle.timeout);
  return {
    ...resolveMeasure(spec),
    timeoutMs,
    warnBeforeMs: Math.min(timeoutMs, parseDurationMs(idle.warnBefore ?? SPEC_DEFAULTS.idle.warnBefore)),
  };
}

function resolveMeasure({ idle, port, sandbox }: Fields): IdleMeasure {
  const isReachable = port !== 'none' && sandbox?.privateNetwork !== true;
  const checks = new Set<IdleCheck>(idle?.check ?? (isReachable ? ['cpu', 'connections'] : ['cpu']));
  return { checks: [...checks], cpuCores: parseCores(idle?.cpuCores ?? SPEC_DEFAULTS.idle.cpuCores) };
}

/** What its owner calls idle, and never later than the stop that they want for it. */
function resolveUpdateIdle(spec: Fields): UpdateIdle {
  const quietMs = parseDurationMs(SPEC_DEFAULTS.updateIdle);
  const timeoutMs = spec.idle === undefined ? quietMs : parseDurationMs(spec.idle.timeout);
  return { ...resolveMeasure(spec), quietMs: Math.min(quietMs, timeoutMs) };
}

function resolveSuspension(suspend: Fields['suspend']): Suspension | undefined {
  if (suspend === undefined || suspend === false) return undefined;
  if (suspend === true) return {};
  return {
    ...optional('reason', suspend.reason, (reason) => reason),
    ...optional('untilMs', suspend.until === undefined ? undefined : parseMomentMs(suspend.until), (ms) => ms),
  };
}

/** Without the fields that are undefined: absent, they mean systemd's default. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** The field with its parsed value, or nothing where it is not written. */
function optional<K extends string, V, R>(name: K, value: V | undefined, parse: (value: V) => R): { [P in K]?: R } {
  return value === undefined ? {} : ({ [name]: parse(value) } as { [P in K]?: R });
}
