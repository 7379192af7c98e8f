import * as z from 'zod';
import { CHECK_DEFAULTS, PROBE_DEFAULTS, type ProbeKind } from '../defaults.ts';
import { requestPathProblem } from '../paths.ts';
import { field, text } from '../rule.ts';
import { templatesIn } from '../templates.ts';
import { portNumber } from './amounts.ts';
import { commandSchema } from './commands.ts';

const MAX_PROBE_SECONDS = 86_400;

const probePort = () =>
  field(
    z.union([portNumber(), text(probePortProblem)]),
    'Port to ask: a number or a template such as "{PORT}". By default the server\'s own port.',
  );

const httpCheckSchema = z.strictObject({
  path: field(
    text(requestPathProblem),
    'Path of the request; an answer of 200-399 is a success.',
    CHECK_DEFAULTS.httpPath,
  ),
  port: probePort(),
  scheme: field(z.enum(['http', 'https']), 'Scheme; certificates are not verified.', CHECK_DEFAULTS.httpScheme),
  headers: field(z.record(text(headerNameProblem), text(headerValueProblem)), 'Headers of the request.', {}),
});

const execCheckSchema = z.strictObject({
  command: commandSchema.describe(
    'Program and arguments, never through a shell; templates count. The program is an absolute path or a bare name, found on the PATH of the server.',
  ),
});

const probeSeconds = (minimum: number) => z.int().min(minimum).max(MAX_PROBE_SECONDS);
const threshold = () => z.int().min(1).max(1000);

/** What success and failures in a row lead to, in words that go on after "a row". */
interface ProbeWords {
  readonly period: string;
  readonly success: string;
  readonly failure: string;
}

/** Kubernetes' probe; `kind` gives what it means that nobody wrote. */
function probeSchema(kind: ProbeKind, words: ProbeWords) {
  const defaults = PROBE_DEFAULTS[kind];
  // One success is enough to start, and to live on: as in Kubernetes.
  const successes = kind === 'readiness' ? threshold() : z.literal(1);
  return z.strictObject({
    http: field(httpCheckSchema, 'Succeeds when an HTTP GET does.'),
    tcp: field(z.strictObject({ port: probePort() }), 'Succeeds when the port accepts a connection.'),
    exec: field(
      execCheckSchema,
      "Succeeds when a command ends with 0. It runs as the server's account, in its sandbox and with its environment, in a unit of its own with at most 256M, 64 tasks and one core, or the server's limits where they are lower, and is killed whole at its timeout. What it prints is thrown away.",
    ),
    initialDelaySeconds: field(
      probeSeconds(0),
      'Wait between the start and the first try.',
      defaults.initialDelaySeconds,
    ),
    periodSeconds: field(probeSeconds(1), `Time between two tries${words.period}.`, defaults.periodSeconds),
    timeoutSeconds: field(probeSeconds(1), 'A try that takes longer has failed.', defaults.timeoutSeconds),
    successThreshold: field(successes, `Successes in a row ${words.success}.`, defaults.successThreshold),
    failureThreshold: field(threshold(), `Failures in a row ${words.failure}.`, defaults.failureThreshold),
  });
}

/** `spec.probes`. */
export const probesSchema = z.strictObject({
  startup: field(
    probeSchema('startup', {
      period: '',
      success: 'until it has started; always 1',
      failure: 'after which the start has failed: it is stopped and started again, as restartPolicy and backoff say',
    }),
    'Has it started? Until this has succeeded neither of the others is made, and it is not ready; it must succeed within startTimeout. Exactly one of http, tcp and exec.',
  ),
  readiness: field(
    probeSchema('readiness', {
      period: ', once the first has succeeded; until then it is tried every second',
      success: 'until ready',
      failure: 'until not ready',
    }),
    'Is it ready? It is never stopped for this one. Exactly one of http, tcp and exec.',
  ),
  liveness: field(
    probeSchema('liveness', {
      period: '',
      success: 'that take its failures back; always 1',
      failure: 'after which it is stopped, with its grace period, and started again, as restartPolicy and backoff say',
    }),
    'Does it still work? Not asked unless this is written, as a server that is only busy would lose its work. Exactly one of http, tcp and exec.',
  ),
});

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
