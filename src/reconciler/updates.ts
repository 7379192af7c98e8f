/** Keeps what each server has yet to take by a new start, tells of it, and remembers what its run was started with. */
import type { SpecRecord } from '../source/types.ts';
import type { CompleteDocument } from '../spec/schema.ts';
import type { UnitState } from '../systemd/port.ts';
import type { ServerEntry } from './entry.ts';
import { positionOf } from './plan.ts';
import type { LoopPorts } from './ports.ts';
import { startedWith } from './startedWith.ts';
import { judgeUpdate, UP_TO_DATE, type Update } from './update.ts';
import { updateWords } from './updateWords.ts';
import { isBlocked, restingWish, wishOf } from './wish.ts';

interface Digest {
  readonly pool: string | undefined;
  readonly text: string;
}

export class Updates {
  readonly #ports: Pick<LoopPorts, 'clock' | 'clockJudge' | 'events' | 'instance'>;
  readonly #digests = new WeakMap<CompleteDocument, Digest>();

  constructor(ports: Pick<LoopPorts, 'clock' | 'clockJudge' | 'events' | 'instance'>) {
    this.#ports = ports;
  }

  /** Brings `entry.update` up to now, and `entry.startedWith` where the run is known to be as its spec has it. */
  look(entry: ServerEntry, record: SpecRecord | undefined, unit: UnitState | undefined): void {
    const before = entry.update;
    entry.update = this.#judge(entry, record, unit);
    const wasTold = before.kind !== 'upToDate' || isToldPending(entry);
    if (entry.update.kind === 'upToDate' || wasTold) return;
    this.#ports.events.record({ server: entry.name, reason: 'UpdatePending', message: updateWords(entry) });
  }

  /** What a run that starts now answers for; undefined: nothing is known of its spec. */
  wished(entry: ServerEntry, record: SpecRecord | undefined): string | undefined {
    const document = record?.document;
    if (document === undefined || entry.admission.kind !== 'admitted') return undefined;
    const { pool } = entry.admission.server.spec;
    const known = this.#digests.get(document);
    if (known !== undefined && known.pool === pool) return known.text;
    const text = startedWith(document, pool, this.#ports.instance.key);
    this.#digests.set(document, { pool, text });
    return text;
  }

  #judge(entry: ServerEntry, record: SpecRecord | undefined, unit: UnitState | undefined): Update {
    const hash = unit?.marks?.hash;
    if (positionOf(unit) !== 'active' || hash === undefined || entry.admission.kind !== 'admitted') return UP_TO_DATE;
    const wished = this.wished(entry, record);
    if (hash === entry.admission.plan.hash) {
      entry.startedWith = wished;
      return UP_TO_DATE;
    }
    // A run that nothing is known of: what it differs in may be hublet's own doing, so only what changes from here on counts.
    entry.startedWith ??= wished;
    const { clock, clockJudge } = this.#ports;
    const { updateStrategy, updateIdle } = entry.admission.server.spec;
    return judgeUpdate({
      strategy: updateStrategy,
      updateIdle,
      isWished: wished !== undefined && entry.startedWith !== wished,
      isStartable:
        !isBlocked(entry, record) &&
        record?.isFrozen !== true &&
        !entry.lifecycle.isOverrun &&
        restingWish(entry, wishOf(record, clock.wallMs(), false)) === 'run',
      idle: entry.lifecycle.idle,
      isClockSane: clockJudge.graceLeftMs() === 0,
    });
  }
}

/** An earlier controller has told of it. */
function isToldPending({ conditions }: ServerEntry): boolean {
  return conditions.some(({ type, status }) => type === 'UpdatePending' && status === 'True');
}
