import type { ProbeKind } from '../spec/defaults.ts';
import { requestPathProblem } from '../spec/paths.ts';
import type { ProbeSpec, ServerSpec } from '../spec/types.ts';
import { type Expander, expandCommand, FieldRefusal, headerProblem, mapValues, portProblem } from './fields.ts';

/** The probes of a spec with their templates expanded; a port is a number, the server's own where none is named. @throws {FieldRefusal} */
export function expandProbes(spec: Probes, field: Expander, port: number | undefined): Probes {
  const { startupProbe, readinessProbe, livenessProbe } = spec;
  const expanded = (kind: ProbeKind, probe: ProbeSpec): ProbeSpec => ({
    ...probe,
    check: expandCheck(kind, probe.check, field, port),
  });
  return {
    ...(startupProbe === undefined ? {} : { startupProbe: expanded('startup', startupProbe) }),
    ...(readinessProbe === undefined ? {} : { readinessProbe: expanded('readiness', readinessProbe) }),
    ...(livenessProbe === undefined ? {} : { livenessProbe: expanded('liveness', livenessProbe) }),
  };
}

type Probes = Pick<ServerSpec, 'startupProbe' | 'readinessProbe' | 'livenessProbe'>;

function expandCheck(
  kind: ProbeKind,
  check: ProbeSpec['check'],
  field: Expander,
  serverPort: number | undefined,
): ProbeSpec['check'] {
  const path = `spec.probes.${kind}.${check.kind}`;
  if (check.kind === 'exec') return { ...check, command: expandCommand(`${path}.command`, check.command, field) };
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
