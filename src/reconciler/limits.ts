import type { UnitState } from '../systemd/port.ts';
import { diffLive, isReloadRounding, type LiveValues } from '../units/diff.ts';
import { planResize } from '../units/resize.ts';
import { propertyRow } from '../units/table.ts';
import type { UnitProperty } from '../units/types.ts';
import { limitsText, splitDrift } from './drift.ts';
import type { ServerEntry } from './entry.ts';
import { afterCorrection, flappingOf, mayCorrect, withoutQuiet } from './flapping.ts';
import { LimitWatch } from './limitWatch.ts';
import type { LoopPorts } from './ports.ts';
import { NO_RIVALS } from './rivals.ts';

/** Limits that differ from the spec, and which of them may be set now. */
export interface LimitsPlan {
  readonly drifted: readonly string[];
  readonly apply: readonly UnitProperty[];
}

type LimitPorts = Pick<LoopPorts, 'systemd' | 'sampler' | 'events' | 'instruments' | 'clock' | 'config'>;

/** Keeps the limits of running units as their specs have them, but for what somebody else has a right to, or won't leave alone. */
export class LimitKeeper {
  readonly #ports: LimitPorts;
  readonly #watch: LimitWatch;
  #lastText = '';

  constructor(ports: LimitPorts) {
    this.#ports = ports;
    this.#watch = new LimitWatch(ports);
  }

  /** Whether the kernel's files show that somebody may have changed a limit: then it is worth `recheck`. Costs no D-Bus call. */
  isSuspect(entry: ServerEntry): boolean {
    return this.#watch.isSuspect(entry);
  }

  /** Has systemd asked anew. @throws {SystemdError} */
  async recheck(entry: ServerEntry): Promise<void> {
    await this.#watch.ask(entry);
  }

  /**
   * Finds out which differences are an administrator's wish. Asks systemd only where somebody else than hublet may have made
   * them: of a new value in the spec it is known who wants it.
   *
   * @throws {SystemdError}
   */
  async look(entry: ServerEntry, unit: UnitState | undefined): Promise<void> {
    const differences = differencesOf(entry, unit);
    if (differences.length === 0) {
      entry.rivals = { ...entry.rivals, dropIns: NO_RIVALS.dropIns };
      return;
    }
    const { drift } = splitDrift(differences, entry.limitsInForce, this.#ports.config.drift, NO_RIVALS.dropIns);
    const isAsked = drift.length > 0 || entry.limitsInForce === '' || entry.rivals.dropIns.size > 0;
    if (!isAsked) return;
    const settings = await this.#ports.systemd.adminSettings(entry.unitName);
    const dropIns = differences.flatMap(({ name }) => {
      const path = settings.get(propertyRow(name)?.setting ?? name);
      return path === undefined ? [] : [[name, path] as const];
    });
    entry.rivals = { ...entry.rivals, dropIns: new Map(dropIns) };
  }

  /** Compares the live limits with the plan's; shrinking below what is used is put off, and the entry says so. */
  plan(entry: ServerEntry, unit: UnitState | undefined): LimitsPlan {
    if (unit?.live === undefined || entry.admission.kind !== 'admitted') return { drifted: [], apply: [] };
    this.#watch.note(entry);
    const { clock, config, sampler, events } = this.#ports;
    const nowMs = clock.monotonicMs();
    const wanted = entry.admission.plan.live;
    const all = differencesOf(entry, unit);
    const { wishes, drift } = splitDrift(all, entry.limitsInForce, config.drift, entry.rivals.dropIns);
    const drifted = all.map(({ name }) => name);
    const flaps = withoutQuiet(entry.rivals.flaps, new Set(drifted), nowMs);
    entry.rivals = { ...entry.rivals, flaps };
    const correct = [...wishes, ...drift.filter(({ name }) => mayCorrect(flaps, name, nowMs))];
    if (correct.length === 0) {
      entry.resizeDeferred = undefined;
      entry.limitsInForce = this.#shared(limitsText(wanted));
      return { drifted, apply: [] };
    }
    const usage = sampler.measure(entry.name);
    const { apply, deferred } = planResize(correct, unit.live, usage?.memoryWorkingSetBytes);
    if (deferred !== undefined && entry.resizeDeferred === undefined) {
      events.record({ server: entry.name, reason: 'ResizeDeferred', message: deferred.message });
    }
    entry.resizeDeferred = deferred?.message;
    return { drifted, apply };
  }

  /** Tells of limits that were set: as a correction where the spec asks for nothing new, so that somebody else had changed the running unit. */
  note(entry: ServerEntry, properties: readonly UnitProperty[], liveBefore: LiveValues): void {
    const { events, instruments } = this.#ports;
    const isNew = entry.admission.kind !== 'admitted' || limitsText(entry.admission.plan.live) !== entry.limitsInForce;
    const told = isNew ? properties : properties.filter((property) => !isReloadRounding(property, liveBefore));
    if (told.length === 0) return;
    const names = told.map(({ name }) => name);
    if (isNew) {
      const message = `set on the running unit: ${names.join(', ')}`;
      events.record({ server: entry.name, reason: 'Resized', message });
      return;
    }
    for (const name of names) instruments.drifted(name);
    const began = this.#countCorrections(entry, names);
    const more =
      began.length === 0 ? '' : `; ${began.join(', ')} keeps being changed and is set back every 5 min from now on`;
    const message = `changed by somebody, set back on the running unit: ${names.join(', ')}${more}`;
    events.record({ server: entry.name, reason: 'DriftCorrected', message });
  }

  /** The servers of a class have the same limits, as a rule: one text for all of them is a kilobyte less for each. */
  #shared(text: string): string {
    if (text !== this.#lastText) this.#lastText = text;
    return this.#lastText;
  }

  /** Returns those that flap from now on. */
  #countCorrections(entry: ServerEntry, names: readonly string[]): readonly string[] {
    const nowMs = this.#ports.clock.monotonicMs();
    const before = new Set(flappingOf(entry.rivals.flaps));
    const flaps = names.reduce((all, name) => afterCorrection(all, name, nowMs), entry.rivals.flaps);
    entry.rivals = { ...entry.rivals, flaps };
    return flappingOf(flaps).filter((name) => !before.has(name));
  }
}

function differencesOf({ admission }: ServerEntry, unit: UnitState | undefined): readonly UnitProperty[] {
  if (unit?.live === undefined || admission.kind !== 'admitted') return [];
  return diffLive(admission.plan.live, unit.live);
}
