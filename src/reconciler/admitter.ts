import { isDeepStrictEqual } from 'node:util';
import { admit } from '../admission/resolve.ts';
import type { RunsAs } from '../admission/runsAs.ts';
import type { Server } from '../admission/types.ts';
import type { SpecRecord } from '../source/types.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { ConditionReason } from '../status/reasons.ts';
import { compileUnit } from '../units/compile.ts';
import { KeptPlan } from '../units/keptPlan.ts';
import { unsupportedProblem, unsupportedProperties } from '../units/versions.ts';
import { AccountFacts } from './accountFacts.ts';
import { findPool } from './poolFacts.ts';
import { PortFacts } from './portFacts.ts';
import type { AdmissionPorts } from './ports.ts';
import { UserModeFacts } from './userModeFacts.ts';

/** Why a spec can't run here, now or at all. */
export type NotAdmitted =
  /** Facts are being looked up; the name is enqueued when they are there. */
  | {
      readonly kind: 'waiting';
      /** Of Ready=False; absent: NotRunning. */
      readonly reason?: 'PortTaken';
      readonly message: string;
      readonly retryAfterMs?: number;
    }
  | {
      readonly kind: 'refused';
      /** The condition that says so. */
      readonly condition: 'Accepted' | 'Admitted' | 'Stalled';
      readonly reason: ConditionReason;
      readonly message: string;
      /** When another try makes sense without a change of the spec; absent: never. */
      readonly retryAfterMs?: number;
    };

/** Whether a spec may run here, and as what. */
export type Admission =
  | NotAdmitted
  | {
      readonly kind: 'admitted';
      readonly server: Server;
      readonly plan: KeptPlan;
      /** What of its defaults this host can't give, for a person; absent: nothing. */
      readonly note?: string;
    };

/** Facts an admission was made from: while they are the same, so is the admission. */
interface Basis {
  readonly spec: ServerSpec;
  readonly runsAs: RunsAs;
  readonly port: number | undefined;
  readonly pool: string | undefined;
  /** What systemd says that it is: another one may have properties that this one lacks. */
  readonly systemdVersion: string;
  readonly admission: Admission;
}

/** Turns specs into servers and their unit plans, and gives out accounts and ports on the way. */
export class Admitter {
  readonly #ports: AdmissionPorts;
  readonly #accountFacts: AccountFacts;
  readonly #portFacts: PortFacts;
  readonly #userModeFacts: UserModeFacts;
  readonly #bases = new Map<string, Basis>();

  constructor(ports: AdmissionPorts, enqueue: (name: string) => void) {
    this.#ports = ports;
    this.#accountFacts = new AccountFacts(ports, enqueue);
    this.#portFacts = new PortFacts(ports);
    this.#userModeFacts = new UserModeFacts(ports);
  }

  /** Takes note of the port a spec names, before any server is given one. */
  note(name: string, spec: ServerSpec | undefined): void {
    this.#portFacts.note(name, spec);
  }

  /** Forgets a deleted server; its port is free for others. @throws where the port table can't be written */
  release(name: string): void {
    this.#bases.delete(name);
    this.#accountFacts.forget(name);
    this.#portFacts.release(name);
  }

  /** Forgets a server that runs on without hublet; its port stays its own. */
  leave(name: string): void {
    this.#bases.delete(name);
    this.#accountFacts.forget(name);
    this.#portFacts.leave(name);
  }

  /** Ends what waits for accounts. */
  stop(): void {
    this.#accountFacts.stop();
  }

  /**
   * Admits a spec with the facts known now. Never waits: what must be looked up is, and the name enqueued after it.
   *
   * @param isDown it is wished and nothing of it runs: a port that somebody else listens on is of no use to it
   * @throws where the port table can't be written
   */
  admit(record: SpecRecord, written: ServerSpec, isDown: boolean): Admission {
    const fit = this.#userModeFacts.find(written);
    if (fit.kind !== 'spec') return fit;
    const { spec, note } = fit;
    const who = this.#accountFacts.find(record.name, spec);
    if (who.kind !== 'runsAs') return who;
    const where = this.#portFacts.find(record.name, spec, isDown);
    if (where.kind !== 'port') return where;
    const group = findPool(spec, this.#ports);
    if (group.kind !== 'pool') return group;
    const { runsAs } = who;
    const { port } = where;
    const { pool } = group;
    const basis = { spec, runsAs, port, pool, systemdVersion: this.#ports.systemd.version() };
    const known = this.#bases.get(record.name);
    if (known !== undefined && isSameBasis(known, basis)) return known.admission;
    const pooled = spec.pool === pool || pool === undefined ? spec : { ...spec, pool };
    const compiled = this.#compile(record, pooled, runsAs, port);
    const admission = compiled.kind === 'admitted' && note !== undefined ? { ...compiled, note } : compiled;
    this.#bases.set(record.name, { ...basis, admission });
    return admission;
  }

  #compile(record: SpecRecord, spec: ServerSpec, runsAs: RunsAs, port: number | undefined): Admission {
    const needsHost = Object.keys(spec.unitProperties).length > 0;
    const host = needsHost ? { memoryBytes: this.#ports.hostFacts().memoryBytes } : {};
    const { config, instance } = this.#ports;
    const { isUserMode } = config;
    const admitted = admit(spec, { ...runsAs, ...host, isUserMode, ...(port === undefined ? {} : { port }) });
    if (admitted.kind === 'refused') {
      return { kind: 'refused', condition: 'Accepted', reason: admitted.reason, message: admitted.message };
    }
    const context = {
      instanceId: instance.id,
      hashKey: instance.key,
      environmentDirectory: `${config.runtimeDirectory}/env`,
      specPath: record.file?.path ?? '',
      isUserMode,
      ...host,
    };
    const { server } = admitted;
    const plan = new KeptPlan(() => compileUnit(server, context), compileUnit(server, context, admitted.environment));
    const version = this.#ports.systemd.version();
    const problem = unsupportedProblem(unsupportedProperties(plan.properties, version), version);
    if (problem !== undefined) {
      return { kind: 'refused', condition: 'Accepted', reason: 'SchemaError', message: problem };
    }
    return { kind: 'admitted', server, plan };
  }
}

function isSameBasis(known: Basis, { runsAs, ...now }: Omit<Basis, 'admission'>): boolean {
  return (
    known.spec === now.spec &&
    known.port === now.port &&
    known.pool === now.pool &&
    known.systemdVersion === now.systemdVersion &&
    isSameWho(known.runsAs, runsAs)
  );
}

/** As long as the host's files are the same, so are the objects that accounts and groups come as. */
function isSameWho(known: RunsAs, now: RunsAs): boolean {
  const isNoneInGroups = known.supplementaryGroups.length === 0 && now.supplementaryGroups.length === 0;
  if (isNoneInGroups && known.account === now.account && known.group === now.group) return true;
  return isDeepStrictEqual(known, now);
}
