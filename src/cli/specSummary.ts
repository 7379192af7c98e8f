import type { Schedule } from '../schedule/windows.ts';
import { SPEC_DEFAULTS } from '../spec/defaults.ts';
import { formatDuration, formatSize, parseDurationMs } from '../spec/quantities.ts';
import type { Backoff, IoLimits, ProbeSpec, Resources, ServerSpec } from '../spec/types.ts';
import { summariseSandbox } from './sandboxSummary.ts';

/**
 * What a spec asks for, as `[field, words]`; fields that say nothing beyond the default are left out.
 *
 * Values of the environment and arguments of the command are not in it: both may be secret, and people paste this text.
 */
export function summariseSpec(spec: ServerSpec): readonly (readonly [string, string])[] {
  const { command, environment, resources, sandbox, suspend } = spec;
  const rows: (readonly [string, string] | undefined)[] = [
    ['User', spec.dynamicUser ? 'a dynamic user' : spec.user],
    list('Groups', [...(spec.group === undefined ? [] : [`${spec.group} (main)`]), ...spec.supplementaryGroups]),
    ['Command', `${command[0] ?? ''}${command.length > 1 ? ` (and ${count(command.length - 1, 'argument')})` : ''}`],
    list('Before it', programs(spec.preStart)),
    list('After it', programs(spec.postStop)),
    ['Directory', spec.workingDirectory],
    list(
      'Environment',
      Object.entries(environment).map(([name, value]) => `${name} (${Buffer.byteLength(value)} bytes)`),
    ),
    list('Variables of', spec.environmentFiles),
    list(
      'Credentials',
      Object.entries(spec.credentials).map(([name, path]) => `${name} (${path})`),
    ),
    list('Extra paths', spec.extraPaths),
    ['Port', String(spec.port)],
    list('Resources', resourceWords(resources)),
    list('Sandbox', summariseSandbox(sandbox)),
    list('Pool', spec.pool === undefined ? [] : [spec.pool]),
    list('Properties', Object.keys(spec.unitProperties)),
    probe('Startup', spec.startupProbe, 'to give the start up'),
    probe('Readiness', spec.readinessProbe, 'to be not ready'),
    probe('Liveness', spec.livenessProbe, 'to be stopped and started again'),
    [
      'Restart',
      `${spec.restartPolicy}; start within ${formatDuration(spec.startTimeoutMs)}, stop within ${formatDuration(spec.terminationGracePeriodMs)}`,
    ],
    list('Backoff', backoffWords(spec.backoff)),
    list('Priority', spec.priority === SPEC_DEFAULTS.priority ? [] : [String(spec.priority)]),
    spec.schedule === undefined ? undefined : ['Schedule', scheduleWords(spec.schedule)],
    spec.idle === undefined
      ? undefined
      : [
          'Idle',
          `stopped after ${formatDuration(spec.idle.timeoutMs)} by ${spec.idle.checks.join(', ')}; told ${formatDuration(spec.idle.warnBeforeMs)} before`,
        ],
    spec.maxAgeMs === undefined ? undefined : ['Stopped at', `an age of ${formatDuration(spec.maxAgeMs)}`],
    spec.updateStrategy === SPEC_DEFAULTS.updateStrategy ? undefined : ['Updates', updateStrategyWords(spec)],
    spec.deletionPolicy === SPEC_DEFAULTS.deletionPolicy
      ? undefined
      : ['Deletion', 'runs on without hublet when its file goes (Orphan)'],
    suspend === undefined
      ? undefined
      : [
          'Suspended',
          [
            suspend.untilMs === undefined ? 'until resumed' : `until ${new Date(suspend.untilMs).toISOString()}`,
            ...(suspend.reason === undefined ? [] : [suspend.reason]),
          ].join(': '),
        ],
    list(
      'Labels',
      Object.entries(spec.labels).map(([key, value]) => `${key}=${value}`),
    ),
  ];
  return rows.filter((row) => row !== undefined);
}

function scheduleWords({ windows, timeZone, overrun }: Schedule): string {
  const times = windows.map(({ start, stop }) => `${start.text} to ${stop.text}`).join(', ');
  return `${times} (${timeZone ?? "the host's time"}), ${overrun === 'stop' ? 'then stopped' : 'may finish'}`;
}

function resourceWords(resources: Resources): string[] {
  const sizes = [
    ['memory', resources.memoryMaxBytes],
    ['memory high', resources.memoryHighBytes],
    ['memory guarantee', resources.memoryLowBytes],
    ['swap', resources.memorySwapMaxBytes],
  ] as const;
  return [
    ...sizes.flatMap(([name, bytes]) => (bytes === undefined ? [] : [`${name} ${formatSize(bytes)}`])),
    ...(resources.cpuLimitCores === undefined ? [] : [count(resources.cpuLimitCores, 'core')]),
    ...(resources.cpuWeight === undefined ? [] : [`CPU weight ${resources.cpuWeight}`]),
    ...(resources.allowedCpus === undefined ? [] : [`on CPUs ${resources.allowedCpus.join(',')}`]),
    ...(resources.tasksMax === undefined ? [] : [count(resources.tasksMax, 'task')]),
    ...(resources.filesMax === undefined ? [] : [count(resources.filesMax, 'open file')]),
    ...ioWords(resources.io ?? {}),
  ];
}

function ioWords(io: IoLimits): string[] {
  const sizes = (what: string, limits: Readonly<Record<string, number>> = {}) =>
    Object.entries(limits).map(([path, bytes]) => `${what} ${path} ${formatSize(bytes)}/s`);
  const counts = (what: string, limits: Readonly<Record<string, number>> = {}) =>
    Object.entries(limits).map(([path, number]) => `${count(number, what)}/s of ${path}`);
  return [
    ...(io.weight === undefined ? [] : [`disk weight ${io.weight}`]),
    ...sizes('read', io.readBytesPerSecond),
    ...sizes('write', io.writeBytesPerSecond),
    ...counts('read', io.readIops),
    ...counts('write', io.writeIops),
  ];
}

/** The programs of commands, without their arguments. */
function programs(commands: readonly (readonly string[])[]): string[] {
  return commands.map(([program = '']) => program);
}

function probe(title: string, spec: ProbeSpec | undefined, end: string): readonly [string, string] | undefined {
  return spec === undefined ? undefined : [title, `${probeWords(spec)} ${end}`];
}

function backoffWords({ initialMs, maxMs, resetAfterMs }: Backoff): string[] {
  const { initial, max, resetAfter } = SPEC_DEFAULTS.backoff;
  const asked = [
    [initialMs, initial, 'from'],
    [maxMs, max, 'up to'],
    [resetAfterMs, resetAfter, 'forgotten after'],
  ] as const;
  const isDefault = asked.every(([ms, fallback]) => ms === parseDurationMs(fallback));
  return isDefault ? [] : asked.map(([ms, , words]) => `${words} ${formatDuration(ms)}`);
}

/** What is asked; of a command no arguments. */
function checkWords(check: ProbeSpec['check']): string {
  if (check.kind === 'exec') return `exec ${check.command[0]}`;
  const port = check.port === undefined ? '' : `:${check.port}`;
  return check.kind === 'http' ? `${check.scheme} ${port}${check.path}` : `tcp ${port || 'its port'}`;
}

function probeWords({ check, periodMs, timeoutMs, failureThreshold }: ProbeSpec): string {
  return `${checkWords(check)} every ${formatDuration(periodMs)}, timeout ${formatDuration(timeoutMs)}, ${count(failureThreshold, 'failure')}`;
}

function list(title: string, words: readonly string[]): readonly [string, string] | undefined {
  return words.length === 0 ? undefined : [title, words.join(', ')];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** When a change that only a new start can bring is taken. */
function updateStrategyWords({ updateStrategy, updateIdle }: ServerSpec): string {
  if (updateIdle === undefined) return `taken at once, by a restart (${updateStrategy})`;
  const { checks, quietMs } = updateIdle;
  return `taken once idle for ${formatDuration(quietMs)} by ${checks.join(', ')}, by a restart (${updateStrategy})`;
}
