import { choosePort } from '../admission/ports.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { NotAdmitted } from './admitter.ts';
import type { LoopPorts } from './ports.ts';

const RETRY_MS = 10_000;

/** A port; undefined: the spec says `none`. */
export type PortFact = { readonly kind: 'port'; readonly port: number | undefined } | NotAdmitted;

/** Gives out ports and keeps the table of them true to the specs. */
export class PortFacts {
  readonly #ports: LoopPorts;
  /** Ports that specs name themselves: never given to a server that takes any. */
  readonly #fixed = new Map<string, number>();
  /** The spec that a server's port was last chosen for. */
  readonly #chosenFor = new Map<string, ServerSpec>();

  constructor(ports: LoopPorts) {
    this.#ports = ports;
  }

  /** Takes note of the port a spec names, before any server is given one. */
  note(name: string, spec: ServerSpec | undefined): void {
    if (typeof spec?.port === 'number') this.#fixed.set(name, spec.port);
    else this.#fixed.delete(name);
  }

  /** Forgets a deleted server; its port is free for others. @throws where the port table can't be written */
  release(name: string): void {
    this.#fixed.delete(name);
    this.#chosenFor.delete(name);
    if (this.#ports.portStore.ports.has(name)) this.#ports.portStore.release(name);
  }

  /** The port of a server, written down before it is told. @throws where the port table can't be written */
  find(name: string, spec: ServerSpec): PortFact {
    if (spec.port === 'none') return { kind: 'port', port: undefined };
    const { portStore, config, isPortFree } = this.#ports;
    const given = portStore.ports.get(name);
    if (given !== undefined && this.#chosenFor.get(name) === spec) return { kind: 'port', port: given };
    const fixed = new Map([...this.#fixed].filter(([other]) => other !== name));
    const choice = choosePort({
      wanted: spec.port,
      name,
      assigned: portStore.ports,
      fixed,
      range: config.ports,
      isFree: isPortFree,
    });
    switch (choice.kind) {
      case 'port':
        if (given !== choice.port) portStore.assign(name, choice.port);
        this.#chosenFor.set(name, spec);
        return { kind: 'port', port: choice.port };
      case 'conflict':
        return refused(`port ${spec.port} belongs to the server ${choice.owner}; choose another or use auto`);
      case 'exhausted': {
        const { first, last } = config.ports;
        return refused(`no port is free in ${first}-${last}; widen ports.range in the configuration`);
      }
    }
  }
}

function refused(message: string): NotAdmitted {
  return { kind: 'refused', condition: 'Accepted', reason: 'PortConflict', message, retryAfterMs: RETRY_MS };
}
