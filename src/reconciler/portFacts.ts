import { choosePort } from '../admission/ports.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { NotAdmitted } from './admitter.ts';
import type { AdmissionPorts } from './ports.ts';

const RETRY_MS = 10_000;
/** A fixed port that somebody listens on is looked at again after this time. */
const TAKEN_RETRY_MS = 5_000;

/** A port; undefined: the spec says `none`. */
export type PortFact = { readonly kind: 'port'; readonly port: number | undefined } | NotAdmitted;

/** Gives out ports and keeps the table of them true to the specs. */
export class PortFacts {
  readonly #ports: AdmissionPorts;
  /** Ports that specs name themselves: never given to a server that takes any. */
  readonly #fixed = new Map<string, number>();
  /** The spec that a server's port was last chosen for. */
  readonly #chosenFor = new Map<string, ServerSpec>();

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  /** Takes note of the port a spec names, before any server is given one. */
  note(name: string, spec: ServerSpec | undefined): void {
    if (typeof spec?.port === 'number') this.#fixed.set(name, spec.port);
    else this.#fixed.delete(name);
  }

  /** Forgets a deleted server; its port is free for others. @throws where the port table can't be written */
  release(name: string): void {
    this.leave(name);
    if (this.#ports.portStore.ports.has(name)) this.#ports.portStore.release(name);
  }

  /** Forgets a server that runs on: its port stays in the table, so no other gets it. */
  leave(name: string): void {
    this.#fixed.delete(name);
    this.#chosenFor.delete(name);
  }

  /**
   * The port of a server, written down before it is told.
   *
   * @param isDown nothing of the server runs: an automatic port that somebody listens on is changed for another, a fixed one waited for
   * @throws where the port table can't be written, or the listening sockets can't be read
   */
  find(name: string, spec: ServerSpec, isDown: boolean): PortFact {
    if (spec.port === 'none') return { kind: 'port', port: undefined };
    const { portStore, config, isPortFree, portHolders } = this.#ports;
    const given = portStore.ports.get(name);
    const holders = isDown && given !== undefined ? portHolders(given) : [];
    if (given !== undefined && holders.length === 0 && this.#chosenFor.get(name) === spec) {
      return { kind: 'port', port: given };
    }
    const fixed = new Map([...this.#fixed].filter(([other]) => other !== name));
    const choice = choosePort({
      wanted: spec.port,
      name,
      assigned: portStore.ports,
      fixed,
      range: config.ports,
      isFree: (port) => (port === given ? holders.length === 0 : isPortFree(port)),
      mayMove: isDown,
    });
    switch (choice.kind) {
      case 'port':
        if (given !== choice.port) portStore.assign(name, choice.port);
        this.#chosenFor.set(name, spec);
        if (spec.port === 'auto' && holders.length > 0) this.#tellMove(name, given, choice.port, holders);
        return isDown && spec.port !== 'auto' ? this.#unlessTaken(choice.port) : { kind: 'port', port: choice.port };
      case 'conflict':
        return refused(`port ${spec.port} belongs to the server ${choice.owner}; choose another or use auto`);
      case 'exhausted': {
        const { first, last } = config.ports;
        return refused(`no port is free in ${first}-${last}; widen ports.range in the configuration`);
      }
    }
  }

  #unlessTaken(port: number): PortFact {
    const holders = this.#ports.portHolders(port);
    if (holders.length === 0) return { kind: 'port', port };
    const message = `port ${port} is held by ${uidsOf(holders)}; it starts once the port is free, or with another spec.port`;
    return { kind: 'waiting', reason: 'PortTaken', message, retryAfterMs: TAKEN_RETRY_MS };
  }

  #tellMove(name: string, from: number | undefined, to: number, holders: readonly number[]): void {
    const message = `port ${from} is held by ${uidsOf(holders)}; it starts with port ${to} instead`;
    this.#ports.events.record({ server: name, reason: 'PortMoved', message });
  }
}

function uidsOf(holders: readonly number[]): string {
  return holders.length === 1 ? `a socket of uid ${holders[0]}` : `sockets of the uids ${holders.join(', ')}`;
}

function refused(message: string): NotAdmitted {
  return { kind: 'refused', condition: 'Accepted', reason: 'PortConflict', message, retryAfterMs: RETRY_MS };
}
