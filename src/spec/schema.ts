/**
 * What a person may write: the one schema that validation, JSON Schema, `explain` and the documentation are made from.
 *
 * It only judges. Quantities are parsed, defaults filled in and templates expanded afterwards, so that documents can be merged before.
 */
import * as z from 'zod';
import { PROBE_DEFAULTS, SPEC_DEFAULTS } from './defaults.ts';
import { environmentProblem, variableNameProblem, variableValueProblem } from './environment.ts';
import { accountProblem, labelKeyProblem, labelValueProblem, serverNameProblem } from './names.ts';
import {
  optionalUnitPathProblem,
  pathProblem,
  programProblem,
  requestPathProblem,
  searchPathProblem,
  unitPathProblem,
} from './paths.ts';
import {
  CORES_PATTERN,
  CPUS_PATTERN,
  DURATION_PATTERN,
  parseCores,
  parseCpus,
  parseDurationMs,
  parseSizeBytes,
  SIZE_PATTERN,
} from './quantities.ts';
import { field, nonEmptyText, quantity, text } from './rule.ts';
import { templatesIn } from './templates.ts';
import { parseMomentMs } from './times.ts';

const MIN_MEMORY_BYTES = 16 * 1024 ** 2;
/** The kernel's largest number of process ids. */
const MAX_TASKS = 4_194_304;
const MAX_PROBE_SECONDS = 86_400;

const memoryLimit = () =>
  quantity(parseSizeBytes, SIZE_PATTERN, {
    minimum: MIN_MEMORY_BYTES,
    message: 'must be at least 16M: with less nothing starts',
  });
const positiveSize = () => quantity(parseSizeBytes, SIZE_PATTERN, { minimum: 1, message: 'must be more than zero' });
const positiveDuration = () =>
  quantity(parseDurationMs, DURATION_PATTERN, { minimum: 1, message: 'must be more than zero' });
const portNumber = () => z.int().min(1).max(65_535);

const memorySchema = z.strictObject({
  limit: field(memoryLimit(), 'Most memory, such as 512M or 2G; above it the kernel kills (MemoryMax=).'),
  high: field(memoryLimit(), 'Above this the server is slowed down and its memory reclaimed (MemoryHigh=).'),
  guarantee: field(positiveSize(), 'Memory below this is reclaimed from others first (MemoryLow=).'),
  swap: field(
    quantity(parseSizeBytes, SIZE_PATTERN),
    'Most swap (MemorySwapMax=). By default 0 where a limit is set, else no limit.',
  ),
});

const cpuSchema = z.strictObject({
  limit: field(quantity(parseCores, CORES_PATTERN), 'Most CPU time in cores, such as 0.5, 2 or 500m (CPUQuota=).'),
  weight: field(z.int().min(1).max(10_000), 'Share of the CPU under contention, 1-10000; 100 is usual (CPUWeight=).'),
  cpus: field(quantity(parseCpus, CPUS_PATTERN), 'CPUs it may run on, such as 0-3,5 (AllowedCPUs=).'),
});

const resourcesSchema = z.strictObject({
  memory: field(memorySchema, 'Memory limits; sizes in K, M, G, T (powers of 1024) or bytes.'),
  cpu: field(cpuSchema, 'CPU limits.'),
  tasks: field(z.int().min(1).max(MAX_TASKS), 'Most processes and threads (TasksMax=).'),
});

const sandboxSchema = z.strictObject({
  privateTmp: field(z.boolean(), 'A /tmp and /var/tmp of its own (PrivateTmp=).', SPEC_DEFAULTS.privateTmp),
  noNewPrivileges: field(z.boolean(), 'No sudo, no setuid (NoNewPrivileges=).', SPEC_DEFAULTS.noNewPrivileges),
  readOnlyPaths: field(
    z.array(text(optionalUnitPathProblem)),
    'Paths it may read and not write; with the prefix - one may be absent (ReadOnlyPaths=).',
    [],
  ),
  readWritePaths: field(
    z.array(text(optionalUnitPathProblem)),
    'Paths it may write inside read-only ones; with the prefix - one may be absent (ReadWritePaths=).',
    [],
  ),
});

const probePort = () =>
  field(
    z.union([portNumber(), text(probePortProblem)]),
    'Port to ask: a number or a template such as "{PORT}". By default the server\'s own port.',
  );

const httpCheckSchema = z.strictObject({
  path: field(
    text(requestPathProblem),
    'Path of the request; an answer of 200-399 is a success.',
    PROBE_DEFAULTS.httpPath,
  ),
  port: probePort(),
  scheme: field(z.enum(['http', 'https']), 'Scheme; certificates are not verified.', PROBE_DEFAULTS.httpScheme),
  headers: field(z.record(text(headerNameProblem), text(headerValueProblem)), 'Headers of the request.', {}),
});

const probeSeconds = (minimum: number) => z.int().min(minimum).max(MAX_PROBE_SECONDS);

const probeSchema = z.strictObject({
  http: field(httpCheckSchema, 'Ready when an HTTP GET succeeds.'),
  tcp: field(z.strictObject({ port: probePort() }), 'Ready when the port accepts a connection.'),
  initialDelaySeconds: field(probeSeconds(0), 'Wait before the first try.', PROBE_DEFAULTS.initialDelaySeconds),
  periodSeconds: field(
    probeSeconds(1),
    'Time between two tries, once the first has succeeded; until then it is tried every second.',
    PROBE_DEFAULTS.periodSeconds,
  ),
  timeoutSeconds: field(probeSeconds(1), 'A try that takes longer has failed.', PROBE_DEFAULTS.timeoutSeconds),
  successThreshold: field(z.int().min(1).max(1000), 'Successes in a row until ready.', PROBE_DEFAULTS.successThreshold),
  failureThreshold: field(
    z.int().min(1).max(1000),
    'Failures in a row until not ready.',
    PROBE_DEFAULTS.failureThreshold,
  ),
});

const suspensionSchema = z.strictObject({
  reason: field(z.string().max(1024), 'Why, for people.'),
  until: field(text(momentProblem), 'When it may run again: 2027-01-31T18:00:00Z, or a local date 2027-01-31.'),
});

const environmentSchema = z
  .record(text(variableNameProblem), text(variableValueProblem))
  .superRefine((value, context) => {
    const message = environmentProblem(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

const commandSchema = z
  .array(nonEmptyText())
  .min(1)
  .superRefine(([program], context) => {
    const message = program === undefined || program === '' ? undefined : programProblem(program);
    if (message !== undefined) context.addIssue({ code: 'custom', message, path: [0] });
  });

const fieldsSchema = z.strictObject({
  user: field(
    z.union([text(accountProblem), z.int().min(0).max(4_294_967_294)]),
    'Unix account that it runs as, by name or number; may use {NAME} (User=).',
    SPEC_DEFAULTS.user,
  ),
  command: commandSchema.describe(
    'Program and arguments, never through a shell. The program is an absolute path or a bare name, found on PATH (ExecStart=).',
  ),
  workingDirectory: field(
    text(unitPathProblem),
    'Directory it starts in (WorkingDirectory=).',
    SPEC_DEFAULTS.workingDirectory,
  ),
  environment: field(environmentSchema, 'Environment variables; values are strings, so put numbers in quotes.', {}),
  extraPaths: field(z.array(text(searchPathProblem)), 'Directories put before PATH.', []),
  shell: field(text(pathProblem), 'The variable SHELL, for terminals.', SPEC_DEFAULTS.shell),
  port: field(
    z.union([z.enum(['auto', 'none']), portNumber()]),
    'The port that it listens on, given as {PORT} and PORT: auto (a stable one of ports.range), a number, or none.',
    SPEC_DEFAULTS.port,
  ),
  resources: field(resourcesSchema, 'What it may use; changed on the running server.'),
  sandbox: field(sandboxSchema, 'What it may see and do.'),
  probes: field(
    z.strictObject({ readiness: field(probeSchema, 'Is it ready? Exactly one of http and tcp.') }),
    "Checks of its health, with Kubernetes' names and meaning.",
  ),
  restartPolicy: field(
    z.enum(['Always', 'OnFailure', 'Never']),
    'When it is started again after it ended by itself.',
    SPEC_DEFAULTS.restartPolicy,
  ),
  terminationGracePeriod: field(
    positiveDuration(),
    'Time between SIGTERM to the main process and SIGKILL to all (TimeoutStopSec=).',
    SPEC_DEFAULTS.terminationGracePeriod,
  ),
  startTimeout: field(
    positiveDuration(),
    'Time from the start until its unit is active, after which the start has failed (TimeoutStartSec=); also how long a server that is not ready holds a place of reconcile.maxStarting.',
    SPEC_DEFAULTS.startTimeout,
  ),
  suspend: field(
    z.union([z.boolean(), suspensionSchema]),
    'Keep it down: true, or {reason, until}. false: let it run.',
    false,
  ),
});

const metadataSchema = z.strictObject({
  name: text(serverNameProblem).describe(
    'Name of the server, equal to the name of its file without .yaml. 1-128 bytes without /, ~ and control characters.',
  ),
  labels: field(z.record(text(labelKeyProblem), text(labelValueProblem)), 'For selection and metrics.', {}),
  annotations: field(z.record(text(labelKeyProblem), z.string()), 'Free text that is kept.', {}),
});

/** One server, as its file has it. */
export const serverSchema = z
  .strictObject({
    apiVersion: z.literal('hublet/v1').describe('Version of this format.'),
    kind: z.literal('Server').describe('A server.'),
    metadata: metadataSchema.describe('What it is called.'),
    spec: fieldsSchema.describe('What is to run, and how.'),
  })
  .meta({ title: 'hublet server', description: 'One server: a program that hublet keeps running as a systemd unit.' });

/** A document that the schema accepts. */
export type ServerDocument = z.infer<typeof serverSchema>;

function probePortProblem(port: string): string | undefined {
  const isTemplate = templatesIn(port).length > 0 && /^\d*$/.test(port.replaceAll(/\{[A-Z_]+\}/g, ''));
  return isTemplate ? undefined : 'must be a number or a template such as "{PORT}"';
}

function headerNameProblem(name: string): string | undefined {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) ? undefined : 'is not the name of a header';
}

function headerValueProblem(value: string): string | undefined {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value) ? undefined : 'must not hold line breaks or characters beyond Latin-1';
}

function momentProblem(moment: string): string | undefined {
  return parseMomentMs(moment) === undefined
    ? 'is not a moment: write 2027-01-31T18:00:00Z, or a local date such as 2027-01-31'
    : undefined;
}
