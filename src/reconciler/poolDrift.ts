import { propertyText } from '../units/poolResize.ts';
import { propertyRow } from '../units/table.ts';
import type { UnitProperty } from '../units/types.ts';
import { afterCorrection, type Flaps, flappingOf, mayCorrect, NO_FLAPS, withoutQuiet } from './flapping.ts';
import type { LoopPorts } from './ports.ts';

type DriftPorts = Pick<LoopPorts, 'systemd' | 'clock' | 'config'>;

/** Tells limits of a slice that somebody else changed from new wishes, and says which of them to leave as they are. */
export class PoolDrift {
  readonly #ports: DriftPorts;
  readonly #slice: string;
  /** Wished values that it was seen to have, by property: what differs from one of these was changed by somebody else. */
  readonly #inForce = new Map<string, string>();
  #flaps: Flaps = NO_FLAPS;
  /** Properties that an administrator's drop-in sets: systemd would take the wished value away again. */
  #dropIns: ReadonlySet<string> = new Set();

  constructor(ports: DriftPorts, slice: string) {
    this.#ports = ports;
    this.#slice = slice;
  }

  /** Takes the present differences in; asks systemd where somebody else may have made them. @throws {SystemdError} */
  async look(differences: readonly UnitProperty[]): Promise<void> {
    const changed = new Set(differences.map(({ name }) => name));
    this.#flaps = withoutQuiet(this.#flaps, changed, this.#ports.clock.monotonicMs());
    // Of a value that was never seen in force it is not known either who wants another.
    const isOdd = (property: UnitProperty) => this.isDrift(property) || !this.#inForce.has(property.name);
    const isAsked = changed.size > 0 && (this.#dropIns.size > 0 || differences.some(isOdd));
    const settings = isAsked ? await this.#ports.systemd.adminSettings(this.#slice) : new Map();
    this.#dropIns = new Set([...changed].filter((name) => settings.has(propertyRow(name)?.setting ?? name)));
  }

  /** The slice has this value now, or is to have it. */
  noteInForce(property: UnitProperty): void {
    this.#inForce.set(property.name, propertyText(property));
  }

  isDrift(property: UnitProperty): boolean {
    return this.#inForce.get(property.name) === propertyText(property);
  }

  /** Whether it stays as somebody else has it, for now or for good. The guarantee of its servers is followed in any case. */
  isLeft(property: UnitProperty): boolean {
    const { config, clock } = this.#ports;
    const { name } = property;
    if (name === 'MemoryLow') return false;
    if (this.#dropIns.has(name)) return true;
    if (!this.isDrift(property)) return false;
    const isKept = !config.drift.isCorrected || config.drift.ignore.includes(name);
    return isKept || !mayCorrect(this.#flaps, name, clock.monotonicMs());
  }

  /** They were set back. Returns those that somebody keeps changing, from this time on. */
  noteCorrected(properties: readonly UnitProperty[]): readonly string[] {
    const before = new Set(flappingOf(this.#flaps));
    const nowMs = this.#ports.clock.monotonicMs();
    this.#flaps = properties.reduce((flaps, { name }) => afterCorrection(flaps, name, nowMs), this.#flaps);
    return flappingOf(this.#flaps).filter((name) => !before.has(name));
  }
}
