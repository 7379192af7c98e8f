import { requestPathProblem } from '../spec/paths.ts';
import type { HttpCheck, ProbeSpec, TcpCheck } from '../spec/types.ts';
import { type Expander, FieldRefusal, headerProblem, mapValues, portProblem } from './fields.ts';

/** The readiness probe with its templates expanded; its port is a number, the server's own where it names none. @throws {FieldRefusal} */
export function expandProbe(probe: ProbeSpec, field: Expander, port: number | undefined): ProbeSpec {
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
