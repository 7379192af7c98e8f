import * as z from 'zod';
import { PROBE_DEFAULTS } from '../defaults.ts';
import { requestPathProblem } from '../paths.ts';
import { field, text } from '../rule.ts';
import { templatesIn } from '../templates.ts';
import { portNumber } from './amounts.ts';

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

/** `spec.probes`. */
export const probesSchema = z.strictObject({
  readiness: field(probeSchema, 'Is it ready? Exactly one of http and tcp.'),
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
