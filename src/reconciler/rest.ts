import { isDeepStrictEqual } from 'node:util';
import type { SpecRecord } from '../source/types.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { Admission, Admitter } from './admitter.ts';
import type { ServerEntry } from './entry.ts';
import type { LoopPorts } from './ports.ts';
import type { WorkResult } from './queue.ts';

/** What a look at a server takes from outside of its entry, always in the same order. Equal bases, equal looks. */
export type LookBasis = readonly unknown[];

interface Known {
  readonly basis: LookBasis;
  /** How many looks there were since the basis was last compared. */
  looks: number;
  /** The only look since then, or the last that was the only one, ended with the basis that it began with, and was done. */
  isProven: boolean;
}

/**
 * Which servers need no look at a resync, because it would find exactly what the looks before it found.
 *
 * That nothing has changed is never assumed: all that a look takes from outside is read and compared. What time alone changes has
 * an alarm of its own, what an event changes has a look at once.
 */
export class Rest {
  readonly #ports: LoopPorts;
  readonly #admitter: Pick<Admitter, 'admit'>;
  readonly #known = new WeakMap<ServerEntry, Known>();

  constructor(ports: LoopPorts, admitter: Pick<Admitter, 'admit'>) {
    this.#ports = ports;
    this.#admitter = admitter;
  }

  /** Takes note of a look that is over. */
  note(entry: ServerEntry, { kind }: WorkResult): void {
    const known = this.#known.get(entry);
    if (known === undefined) return;
    known.looks += 1;
    known.isProven = known.looks === 1 && kind !== 'retry' && isSame(this.#basisOf(entry), known.basis);
  }

  /** To be asked once at each resync; where it says no, a look is to follow. */
  isAtRest(entry: ServerEntry): boolean {
    const basis = this.#basisOf(entry);
    const known = this.#known.get(entry);
    if (basis === undefined || known === undefined || !isSame(basis, known.basis)) {
      if (basis === undefined) this.#known.delete(entry);
      else this.#known.set(entry, { basis, looks: 0, isProven: false });
      return false;
    }
    known.looks = 0;
    return known.isProven;
  }

  /** Undefined: something is under way, or something is wrong that each look tries to mend. */
  #basisOf(entry: ServerEntry): LookBasis | undefined {
    const { source, systemd, prober, idle, sampler, config, clock, clockJudge } = this.#ports;
    const record = source.record(entry.name);
    if (record?.spec === undefined || !isSettled(entry, record) || clockJudge.graceLeftMs() > 0) return undefined;
    const { name } = entry;
    const admission = this.#admission(record, record.spec);
    if (admission === undefined) return undefined;
    return [
      record.file,
      record.generation,
      record.isFrozen,
      record.warnings,
      record.spec,
      record.document,
      record.profile,
      systemd.unit(entry.unitName),
      admission,
      prober.verdict(name),
      idle.verdict(name),
      sampler.oomKills(name),
      sampler.oomKillsOf(name, entry.invocation?.id ?? ''),
      config,
      // What a status says of the time to come is reckoned with both clocks.
      Math.round((clock.wallMs() - clock.monotonicMs()) / 1000),
    ];
  }

  /** Asks anew for accounts whose answer has lapsed, as a look does. */
  #admission(record: SpecRecord, spec: ServerSpec): Admission | undefined {
    try {
      return this.#admitter.admit(record, spec, false);
    } catch (err) {
      // The look that follows meets the same, and tells of it.
      this.#ports.log.debug({ server: record.name, err }, 'cannot be admitted, so it is looked at');
      return undefined;
    }
  }
}

/** Nearly all that is the same is the same object. */
function isSame(basis: LookBasis | undefined, before: LookBasis): boolean {
  return basis?.every((value, at) => value === before[at] || isDeepStrictEqual(value, before[at])) === true;
}

/** It is where it should be, and neither hublet nor anybody else is about to change that. */
function isSettled(entry: ServerEntry, { refusal, denial, isDeleted, isMissing }: SpecRecord): boolean {
  const { snapshot, admission, update, rivals } = entry;
  const isUndisputed = refusal === undefined && denial === undefined && !isDeleted && isMissing !== true;
  const isUnderWay = entry.end !== undefined || entry.startRequestedMs !== undefined || update.kind !== 'upToDate';
  const hasRivals = rivals.dropIns.size > 0 || rivals.flaps.size > 0;
  const isAtOdds = entry.fault !== undefined || entry.resizeDeferred !== undefined || hasRivals;
  const isThere = (snapshot.value === 'ready' || snapshot.value === 'stopped') && admission.kind === 'admitted';
  return isThere && isUndisputed && !isUnderWay && !isAtOdds;
}
