import { choosePort } from '../admission/ports.ts';
import { accountName, admit } from '../admission/resolve.ts';
import type { Account, Server } from '../admission/types.ts';
import type { SpecRecord } from '../source/types.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { ConditionReason } from '../status/reasons.ts';
import { compileUnit } from '../units/compile.ts';
import type { UnitPlan } from '../units/types.ts';
import type { LoopPorts } from './ports.ts';

/** Whether a spec may run here, and as what. */
export type Admission =
  /** Facts are being looked up; the name is enqueued when they are there. */
  | { readonly kind: 'waiting'; readonly message: string; readonly retryAfterMs?: number }
  | {
      readonly kind: 'refused';
      /** The condition that says so. */
      readonly condition: 'Accepted' | 'Admitted' | 'Stalled';
      readonly reason: ConditionReason;
      readonly message: string;
      /** When another try makes sense without a change of the spec; absent: never. */
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'admitted'; readonly server: Server; readonly plan: UnitPlan };

/** Facts an admission was made from: while they are the same, so is the admission. */
interface Basis {
  readonly spec: ServerSpec;
  readonly account: Account;
  readonly port: number | undefined;
  readonly admission: Admission;
}

/** A missing account is looked for again after this time, and its server started once it appears. */
const ACCOUNT_RETRY_MS = 60_000;
const ACCOUNT_UNKNOWN_RETRY_MS = 5_000;
const PORT_RETRY_MS = 10_000;

/** Turns specs into servers and their unit plans, and gives out accounts and ports on the way. */
export class Admitter {
  readonly #ports: LoopPorts;
  readonly #enqueue: (name: string) => void;
  readonly #bases = new Map<string, Basis>();
  /** Ports that specs name themselves: never given to a server that takes any. */
  readonly #fixedPorts = new Map<string, number>();

  constructor(ports: LoopPorts, enqueue: (name: string) => void) {
    this.#ports = ports;
    this.#enqueue = enqueue;
  }

  /** Takes note of the port a spec names, before any server is given one. */
  note(name: string, spec: ServerSpec | undefined): void {
    if (typeof spec?.port === 'number') this.#fixedPorts.set(name, spec.port);
    else this.#fixedPorts.delete(name);
  }

  /** Forgets a deleted server; its port is free for others. @throws where the port table can't be written */
  release(name: string): void {
    this.#bases.delete(name);
    this.#fixedPorts.delete(name);
    if (this.#ports.portStore.ports.has(name)) this.#ports.portStore.release(name);
  }

  /**
   * Admits a spec with the facts known now. Never waits: what must be looked up is, and the name enqueued after it.
   *
   * @throws where the port table can't be written
   */
  admit(record: SpecRecord, spec: ServerSpec): Admission {
    const account = this.#account(record.name, spec);
    if ('kind' in account) return account;
    const port = this.#port(record.name, spec);
    if (typeof port === 'object') return port;
    const given = port === 'none' ? undefined : port;
    const known = this.#bases.get(record.name);
    if (known !== undefined && known.spec === spec && sameAccount(known.account, account) && known.port === given) {
      return known.admission;
    }
    const admission = this.#compile(record, spec, account, given);
    this.#bases.set(record.name, { spec, account, port: given, admission });
    return admission;
  }

  #compile(record: SpecRecord, spec: ServerSpec, account: Account, port: number | undefined): Admission {
    const admitted = admit(spec, { account, ...(port === undefined ? {} : { port }) });
    if (admitted.kind === 'refused') {
      return { kind: 'refused', condition: 'Accepted', reason: admitted.reason, message: admitted.message };
    }
    const { config, instance } = this.#ports;
    const plan = compileUnit(admitted.server, {
      instanceId: instance.id,
      hashKey: instance.key,
      environmentDirectory: `${config.runtimeDirectory}/env`,
      specPath: record.file?.path ?? '',
      isUserMode: config.isUserMode,
    });
    return { kind: 'admitted', server: admitted.server, plan };
  }

  #account(name: string, spec: ServerSpec): Account | Admission {
    const user = accountName(spec);
    const answer = this.#ports.accounts.cached(user);
    if (answer === undefined) {
      void this.#ports.accounts.lookup(user).then(() => this.#enqueue(name));
      // A lookup that comes while the old answer is still good must not make a running server look unknown.
      const known = this.#bases.get(name);
      return known?.spec === spec ? known.account : { kind: 'waiting', message: `looking up the account ${user}` };
    }
    switch (answer.kind) {
      case 'found':
        return answer.account;
      case 'missing':
        return {
          kind: 'refused',
          condition: 'Stalled',
          reason: 'UserNotFound',
          message: `no account named ${user} on this host; it starts by itself once there is one`,
          retryAfterMs: ACCOUNT_RETRY_MS,
        };
      case 'unknown': {
        const known = this.#bases.get(name);
        if (known?.spec === spec) return known.account;
        return {
          kind: 'waiting',
          message: `the account ${user} could not be looked up: ${answer.message}`,
          retryAfterMs: ACCOUNT_UNKNOWN_RETRY_MS,
        };
      }
    }
  }

  #port(name: string, spec: ServerSpec): number | 'none' | Admission {
    if (spec.port === 'none') return 'none';
    const { portStore, config, isPortFree } = this.#ports;
    const known = this.#bases.get(name);
    if (known?.spec === spec && known.port !== undefined && portStore.ports.get(name) === known.port) return known.port;
    const fixed = new Map([...this.#fixedPorts].filter(([other]) => other !== name));
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
        if (portStore.ports.get(name) !== choice.port) portStore.assign(name, choice.port);
        return choice.port;
      case 'conflict':
        return {
          kind: 'refused',
          condition: 'Accepted',
          reason: 'PortConflict',
          message: `port ${spec.port} belongs to the server ${choice.owner}; choose another or use auto`,
          retryAfterMs: PORT_RETRY_MS,
        };
      case 'exhausted':
        return {
          kind: 'refused',
          condition: 'Accepted',
          reason: 'PortConflict',
          message: `no port is free in ${config.ports.first}-${config.ports.last}; widen ports.range in the configuration`,
          retryAfterMs: PORT_RETRY_MS,
        };
    }
  }
}

function sameAccount(a: Account, b: Account): boolean {
  return a.name === b.name && a.uid === b.uid && a.gid === b.gid && a.home === b.home && a.shell === b.shell;
}
