import { fitUserMode, type UserManagerFacts, type UserModeFit } from '../admission/userMode.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { NotAdmitted } from './admitter.ts';
import type { AdmissionPorts } from './ports.ts';

/** What was refused may be granted by an admin: the manager is asked again when it begins anew, the spec after this time. */
const REFUSED_RETRY_MS = 60_000;
const UNKNOWN_RETRY_MS = 5_000;

export type SpecFact =
  | {
      readonly kind: 'spec';
      readonly spec: ServerSpec /** What was left out of it. */;
      readonly note: string | undefined;
    }
  | NotAdmitted;

/** What of a spec the manager can carry out: all of it for the system's; the same spec object for the same facts. */
export class UserModeFacts {
  readonly #ports: AdmissionPorts;
  readonly #fits = new WeakMap<ServerSpec, { readonly facts: UserManagerFacts; readonly fit: UserModeFit }>();

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  find(spec: ServerSpec): SpecFact {
    const { userManager } = this.#ports;
    if (userManager === undefined) return { kind: 'spec', spec, note: undefined };
    const facts = userManager.facts();
    if (facts === undefined) {
      const message = `what your systemd can carry out is not known: ${userManager.problem()}`;
      return { kind: 'waiting', message, retryAfterMs: UNKNOWN_RETRY_MS };
    }
    const known = this.#fits.get(spec);
    const fit = known?.facts === facts ? known.fit : fitUserMode(spec, facts);
    this.#fits.set(spec, { facts, fit });
    if (fit.kind === 'fits') return { kind: 'spec', spec: fit.spec, note: fit.note };
    return {
      kind: 'refused',
      condition: 'Accepted',
      reason: 'SchemaError',
      message: fit.message,
      retryAfterMs: REFUSED_RETRY_MS,
    };
  }
}
