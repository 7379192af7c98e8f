import type { Server } from '../admission/types.ts';
import type { Probed, ProbeTarget } from '../probes/types.ts';
import { PROBE_KINDS } from '../spec/defaults.ts';
import type { ProbeSpec } from '../spec/types.ts';
import { compileProbe } from '../units/probeUnit.ts';
import type { UnitPlan } from '../units/types.ts';

/** What an admission says of a server, as far as its probes go. */
export interface Probable {
  readonly server: Server;
  readonly plan: UnitPlan;
}

type Probes = ProbeTarget['probes'];

/** What is asked of each server: by each probe its port, or its command as a unit. Made once for an admission, since every look asks. */
export class ProbeTargets {
  readonly #instanceId: string;
  readonly #known = new WeakMap<UnitPlan, { readonly server: Server; readonly probes: Probes | undefined }>();

  constructor(instanceId: string) {
    this.#instanceId = instanceId;
  }

  /** The probes of a server; undefined: none. One without a port can't be made. */
  of({ server, plan }: Probable): Probes | undefined {
    const known = this.#known.get(plan);
    if (known?.server === server) return known.probes;
    const probes = this.#make({ server, plan });
    this.#known.set(plan, { server, probes });
    return probes;
  }

  #make({ server, plan }: Probable): Probes | undefined {
    const { startupProbe: startup, readinessProbe: readiness, livenessProbe: liveness } = server.spec;
    const specs = { startup, readiness, liveness };
    const probes = PROBE_KINDS.flatMap((kind) => {
      const probe = specs[kind];
      const probed = probe === undefined ? undefined : this.#probed({ server, plan }, probe);
      return probed === undefined ? [] : [[kind, probed] as const];
    });
    return probes.length === 0 ? undefined : Object.fromEntries(probes);
  }

  #probed({ server, plan }: Probable, probe: ProbeSpec): Probed | undefined {
    const { check, timeoutMs } = probe;
    if (check.kind === 'exec') {
      return { probe, command: { properties: compileProbe(server, plan, check.command, timeoutMs, this.#instanceId) } };
    }
    const port = check.port ?? server.port;
    return port === undefined ? undefined : { probe, port: Number(port) };
  }
}
