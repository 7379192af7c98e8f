import { splitBind } from './binds.ts';
import { PROBE_KINDS, type ProbeKind, SPEC_DEFAULTS } from './defaults.ts';
import { splitDeviceRule } from './devices.ts';
import type { FieldProblem } from './problems.ts';
import { parseDurationMs, parseSizeBytes } from './quantities.ts';
import type { ServerDocument } from './schema.ts';
import type { PathPart } from './schemaWalk.ts';
import { type TemplateName, templatesIn } from './templates.ts';

/**
 * What is wrong between fields that are right one by one, so that nothing added to them could put it right.
 * `stem` is the file's name without `.yaml`.
 */
export function findContradictions(document: ServerDocument, stem: string): FieldProblem[] {
  return [
    ...nameProblems(document.metadata.name, stem),
    ...memoryProblems(document.spec.resources?.memory ?? {}),
    ...probeProblems(document.spec),
    ...networkProblems(document.spec),
    ...idleProblems(document.spec),
    ...(document.spec.dynamicUser === true ? dynamicUserProblems(document.spec) : []),
    ...(document.spec.port === 'none' ? templateProblems(document.spec, ['PORT'], 'spec.port is none') : []),
  ];
}

/** What a server lacks to be whole: asked once its profile, which may have it, is merged in. */
export function findGaps(document: ServerDocument): FieldProblem[] {
  const { command } = document.spec;
  const missing: FieldProblem = {
    path: ['spec', 'command'],
    message: 'is missing: write it here or name a profile that has one',
    code: 'SchemaError',
    part: 'value',
  };
  return [
    ...(command === undefined ? [missing] : []),
    ...probeGaps(document.spec),
    ...startupGaps(document.spec),
    ...backoffGaps(document.spec),
    ...deviceGaps(document.spec),
  ];
}

/** A server is called as its file is. */
export function nameProblems(name: string, stem: string): FieldProblem[] {
  if (name === stem) return [];
  return [
    wrong(
      ['metadata', 'name'],
      `must be ${JSON.stringify(stem)}, as the file is called${isPlain(name) ? `, not ${JSON.stringify(name)}` : ''}`,
    ),
  ];
}

type Memory = NonNullable<NonNullable<ServerDocument['spec']['resources']>['memory']>;

function memoryProblems({ limit, high, guarantee }: Memory): FieldProblem[] {
  const path = (name: string) => ['spec', 'resources', 'memory', name];
  const isMore = (one: string | number | undefined, other: string | number | undefined) =>
    one !== undefined && other !== undefined && parseSizeBytes(one) > parseSizeBytes(other);
  return [
    ...(isMore(high, limit) ? [wrong(path('high'), `must not be more than the limit, ${limit}`)] : []),
    ...(isMore(guarantee, limit) ? [wrong(path('guarantee'), `must not be more than the limit, ${limit}`)] : []),
  ];
}

type Probe = NonNullable<NonNullable<ServerDocument['spec']['probes']>[ProbeKind]>;

/** The ways in which it asks; one where it is right. */
function checksOf(probe: Probe): readonly string[] {
  return (['http', 'tcp', 'exec'] as const).filter((kind) => probe[kind] !== undefined);
}

/** Its probes, each with its path. */
function probesOf({ probes }: ServerDocument['spec']): { kind: ProbeKind; probe: Probe; path: PathPart[] }[] {
  return PROBE_KINDS.flatMap((kind) => {
    const probe = probes?.[kind];
    return probe === undefined ? [] : [{ kind, probe, path: ['spec', 'probes', kind] }];
  });
}

function probeProblems(spec: ServerDocument['spec']): FieldProblem[] {
  return probesOf(spec)
    .filter(({ probe }) => checksOf(probe).length > 1)
    .map(({ path }) => wrong(path, 'must have only one of http, tcp and exec'));
}

function probeGaps(spec: ServerDocument['spec']): FieldProblem[] {
  return probesOf(spec).flatMap(({ probe, path }) => {
    if (checksOf(probe).length === 0) return wrong(path, 'must have http, tcp or exec');
    if (probe.exec !== undefined) return [];
    const [kind, check] = probe.http === undefined ? ['tcp', probe.tcp] : ['http', probe.http];
    const lacksPort = spec.port === 'none' && check?.port === undefined;
    return lacksPort ? wrong([...path, kind], 'must have a port, since spec.port is none') : [];
  });
}

/** A start that ends before anybody has asked whether it came to something would always fail. */
function startupGaps({ probes, startTimeout = SPEC_DEFAULTS.startTimeout }: ServerDocument['spec']): FieldProblem[] {
  const delaySeconds = probes?.startup?.initialDelaySeconds ?? 0;
  if (delaySeconds * 1000 < parseDurationMs(startTimeout)) return [];
  return [
    wrong(['spec', 'probes', 'startup', 'initialDelaySeconds'], `must be less than spec.startTimeout, ${startTimeout}`),
  ];
}

function backoffGaps({ backoff }: ServerDocument['spec']): FieldProblem[] {
  const { initial = SPEC_DEFAULTS.backoff.initial, max = SPEC_DEFAULTS.backoff.max } = backoff ?? {};
  if (parseDurationMs(initial) <= parseDurationMs(max)) return [];
  const [name, message] =
    backoff?.max === undefined
      ? ['initial', `must not be more than max, ${max}`]
      : ['max', `must not be less than initial, ${initial}`];
  return [wrong(['spec', 'backoff', name], message)];
}

/** A probe by http or tcp comes from outside, and a network of its own has no way in. */
function networkProblems(spec: ServerDocument['spec']): FieldProblem[] {
  if (spec.sandbox?.privateNetwork !== true) return [];
  return probesOf(spec).flatMap(({ probe, path }) =>
    (['http', 'tcp'] as const)
      .filter((kind) => probe[kind] !== undefined)
      .map((kind) =>
        wrong(
          [...path, kind],
          'can reach nothing: with sandbox.privateNetwork the server has a network of its own; ask by exec',
        ),
      ),
  );
}

/** What could never be measured would count as used for ever. */
function idleProblems({ idle, port, sandbox }: ServerDocument['spec']): FieldProblem[] {
  const why =
    port === 'none'
      ? 'spec.port is none'
      : sandbox?.privateNetwork === true
        ? 'with sandbox.privateNetwork nobody outside can reach the server'
        : undefined;
  if (why === undefined) return [];
  return (idle?.check ?? []).flatMap((check, index) =>
    check === 'cpu' ? [] : [wrong(['spec', 'idle', 'check', index], `can't be measured: ${why}`)],
  );
}

/** A node that may be used must also be there to be opened. */
function deviceGaps({ sandbox }: ServerDocument['spec']): FieldProblem[] {
  if (sandbox?.privateDevices !== true) return [];
  const bound = (sandbox.bindPaths ?? []).map((bind) => splitBind(bind).destination);
  return (sandbox.deviceAllow ?? []).flatMap((rule, index) => {
    const { device } = splitDeviceRule(rule);
    if (!device.startsWith('/') || bound.some((path) => path === device || device.startsWith(`${path}/`))) return [];
    return wrong(
      ['spec', 'sandbox', 'deviceAllow', index],
      'is not in the /dev that sandbox.privateDevices makes: leave privateDevices out, since deviceAllow alone closes all other devices, or bind the node with sandbox.bindPaths',
    );
  });
}

/** What systemd does for a dynamic user whatever else is asked for. @see systemd.exec(5), "DynamicUser=" */
function dynamicUserProblems(spec: ServerDocument['spec']): FieldProblem[] {
  const { user, group, sandbox } = spec;
  const implied = (name: string, value: string) =>
    wrong(['spec', 'sandbox', name], `must be ${value} or left out: dynamicUser implies it`);
  const { privateTmp, noNewPrivileges, protectSystem, protectHome } = sandbox ?? {};
  return [
    ...(user === undefined
      ? []
      : [wrong(['spec', 'user'], 'must be left out with dynamicUser, which is instead of an account')]),
    ...(group === undefined
      ? []
      : [wrong(['spec', 'group'], 'must be left out with dynamicUser: give it supplementaryGroups')]),
    ...(privateTmp === false ? [implied('privateTmp', 'true')] : []),
    ...(noNewPrivileges === false ? [implied('noNewPrivileges', 'true')] : []),
    ...(protectSystem === undefined || protectSystem === 'strict' ? [] : [implied('protectSystem', 'strict')]),
    ...(protectHome === false ? [implied('protectHome', 'read-only, true, tmpfs')] : []),
    ...templateProblems(spec, ['UID', 'GID', 'USERID'], 'a dynamic user has no number before it runs'),
  ];
}

/** Texts and names that use a template which has no value, for that reason. */
function templateProblems(
  spec: ServerDocument['spec'],
  names: readonly TemplateName[],
  reason: string,
): FieldProblem[] {
  const found = (value: unknown, path: readonly PathPart[]): FieldProblem[] => {
    if (typeof value === 'string') {
      const used = templatesIn(value).find((name) => names.includes(name));
      return used === undefined ? [] : [wrong(path, `uses {${used}}, but ${reason}`)];
    }
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => {
      const part = Array.isArray(value) ? Number(key) : key;
      return [...(typeof part === 'string' ? found(part, [...path, part]) : []), ...found(inner, [...path, part])];
    });
  };
  return found(spec, ['spec']);
}

function wrong(path: readonly PathPart[], message: string): FieldProblem {
  return { path, message, code: 'SchemaError', part: 'value' };
}

/** Whether it may be told: lines that ran together may have put an argument or a variable where a name was to be. */
function isPlain(name: string): boolean {
  return /^[\w.@/-]{1,64}$/.test(name);
}
