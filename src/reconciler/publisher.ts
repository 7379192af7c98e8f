import type { SpecRecord } from '../source/types.ts';
import type { UnitState } from '../systemd/port.ts';
import { ConditionEvents } from './conditionEvents.ts';
import { messageOf } from './effects.ts';
import { memoryOf, type ServerEntry } from './entry.ts';
import { positionOf } from './plan.ts';
import type { LoopPorts } from './ports.ts';
import { conditionsOf, serverStatus } from './statusView.ts';
import type { ServerView } from './view.ts';

/** How long after the grace period a stop may still take before it is told of: systemd's own SIGKILL needs a moment. */
export const UNKILLABLE_AFTER_MS = 10_000;

/** Facts of one look that neither the entry nor the unit holds. */
export interface ViewFacts {
  readonly isForeign: boolean;
  readonly isQueued: boolean;
  readonly drifted: readonly string[];
  readonly busLostMs: number;
}

/** Writes what a look found: the status file and the controller's own memory. The only writer of both. */
export class Publisher {
  readonly #ports: LoopPorts;
  readonly #events: ConditionEvents;

  constructor(ports: LoopPorts) {
    this.#ports = ports;
    this.#events = new ConditionEvents(ports);
  }

  view(entry: ServerEntry, record: SpecRecord | undefined, unit: UnitState | undefined, facts: ViewFacts): ServerView {
    const { clock, prober, sampler } = this.#ports;
    const monotonicMs = clock.monotonicMs();
    const { stoppingSinceMs } = entry.snapshot.context;
    const graceMs = (entry.served?.server.spec.terminationGracePeriodMs ?? 0) + UNKILLABLE_AFTER_MS;
    const position = positionOf(unit);
    return {
      entry,
      record,
      unit,
      position,
      verdict: prober.verdict(entry.name),
      memoryKills: entry.invocation === undefined ? 0 : sampler.oomKillsOf(entry.name, entry.invocation.id),
      isUpdatePending: position === 'active' && entry.update.kind !== 'upToDate',
      isUnkillable: position === 'stopping' && stoppingSinceMs !== null && monotonicMs - stoppingSinceMs > graceMs,
      wallMs: clock.wallMs(),
      monotonicMs,
      ...facts,
    };
  }

  /** Writes what changed. False: something could not be written, and the look is to be repeated. */
  publish(view: ServerView): boolean {
    const { entry } = view;
    const conditions = conditionsOf(view);
    this.#events.tell(entry, entry.conditions, conditions);
    entry.conditions = conditions;
    try {
      this.#ports.runtime.writeMemory(memoryOf(entry, this.#ports.bootId));
      this.#ports.statusFiles.write(serverStatus(view, entry.conditions));
      return true;
    } catch (error) {
      this.#ports.log.warn({ server: entry.name, reason: messageOf(error) }, 'status could not be written');
      return false;
    }
  }
}
