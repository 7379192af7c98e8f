import { DEFAULT_BACKOFF } from '../machines/backoff.ts';
import type { Observed } from '../machines/server.machine.ts';
import { createStep } from '../machines/step.ts';
import type { SpecRecord } from '../source/types.ts';
import type { UnitState } from '../systemd/port.ts';
import type { ServerEntry } from './entry.ts';
import { PhaseEvents } from './phaseEvents.ts';
import type { LoopPorts } from './ports.ts';
import { isRenewalDue } from './renewal.ts';
import type { Starts } from './starts.ts';
import {
  condemnationOf,
  isBlocked,
  isNothing,
  isOrphanCertain,
  isReady,
  isRestartAsked,
  judgedSpec,
  observedPosition,
  partingWish,
  restingWish,
  wishOf,
} from './wish.ts';

export interface JudgeOptions {
  readonly ports: LoopPorts;
  readonly starts: Starts;
  /** Otherwise nothing that is missing counts as deleted. */
  readonly isEverySourceReady: () => boolean;
  /** Actions are told but not carried out. */
  readonly isDryRun: boolean;
}

/** Puts what a look found to the server's statechart, and tells of what that makes of it. */
export class Judge {
  readonly #options: JudgeOptions;
  readonly #ports: LoopPorts;
  readonly #starts: Starts;
  readonly #phases: PhaseEvents;
  readonly #step = createStep();

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.#ports = options.ports;
    this.#starts = options.starts;
    this.#phases = new PhaseEvents(options.ports);
  }

  /** Past failures count no more: something else is wished. */
  forgive(entry: ServerEntry): void {
    entry.snapshot = this.#step(entry.snapshot, { type: 'FORGIVEN' });
  }

  /** Takes the statechart to where the look found the server; returns whether the gate held the server back from starting. */
  decide(
    entry: ServerEntry,
    record: SpecRecord | undefined,
    unit: UnitState | undefined,
    isForeign: boolean,
    exit: Observed['exit'],
  ): boolean {
    const { clock, random, prober } = this.#ports;
    const before = entry.snapshot;
    const isCertain = record === undefined && this.#options.isEverySourceReady() && this.#isUnasked(entry, unit);
    // A run that outlasts its window could not be followed by another before the next one.
    const isPersonsWish = isRestartAsked(entry, record) && !entry.lifecycle.isOverrun;
    const isUpdateDue = entry.update.kind === 'due' && (this.#options.isDryRun || this.#starts.mayUpdate(entry));
    const isNewRunAsked = isPersonsWish || isUpdateDue || isRenewalDue(entry, record);
    const spec = judgedSpec(entry, record);
    const verdict = prober.verdict(entry.name);
    const condemned = isForeign ? undefined : condemnationOf(entry, record, unit, verdict, clock.monotonicMs());
    const event: Observed = {
      type: 'OBSERVED',
      nowMs: clock.monotonicMs(),
      wish: partingWish(entry, restingWish(entry, wishOf(record, clock.wallMs(), isCertain)), unit),
      isBlocked: isForeign || isBlocked(entry, record),
      unit: observedPosition(entry, unit),
      isReady: isReady(entry, record, unit, verdict),
      isRestartAsked: isNewRunAsked,
      isCondemned: condemned !== undefined,
      // Whatever ended it well, a person has asked for another run since.
      exit: exit === 'clean' && isNewRunAsked ? 'asked' : exit,
      policy: { restart: spec?.restartPolicy ?? 'OnFailure', backoff: spec?.backoff ?? DEFAULT_BACKOFF },
      jitter: random(),
    };
    entry.snapshot = this.#step(before, event);
    // In a dry run nothing ever becomes Ready, and all that would be started is to be told.
    const isQueued = !this.#options.isDryRun && this.#starts.isHeld(entry, event);
    if (isQueued) entry.snapshot = this.#step(entry.snapshot, { type: 'HELD' });
    // It runs on: whatever stop was asked of it has come to nothing.
    if (entry.snapshot.value === 'running' || entry.snapshot.value === 'ready') {
      entry.stopAskedOf = '';
      entry.stopFor = undefined;
    }
    if (entry.snapshot.value === 'stopping' && event.wish === 'run' && condemned !== undefined) {
      this.#phases.tellCondemned(entry, condemned);
      entry.stopFor = condemned;
    }
    this.#phases.tell(entry, before);
    return isQueued;
  }

  /** Whether what no source knows is to go now. A source takes it for one whose file vanished: many of them wait for a person. */
  #isUnasked(entry: ServerEntry, unit: UnitState | undefined): boolean {
    if (isNothing(entry, unit)) return true;
    const { clock, source } = this.#ports;
    return isOrphanCertain(entry, clock.monotonicMs()) && !source.adopt(entry.name);
  }
}
