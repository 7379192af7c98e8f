import type { KnownHealth } from '../probes/types.ts';
import type { SpecRecord } from '../source/types.ts';
import type { UnitState } from '../systemd/port.ts';
import { unitName } from '../units/name.ts';
import { expectedControlGroup } from '../units/pool.ts';
import type { ServerEntry } from './entry.ts';
import { FirstReadings } from './firstReadings.ts';
import { isKnownUnread, isOurs, needsReading, newInvocation } from './observer.ts';
import { positionOf } from './plan.ts';
import { poolOf } from './poolMembers.ts';
import type { LoopPorts } from './ports.ts';
import { ProbeTargets } from './probeTargets.ts';
import type { Starts } from './starts.ts';
import { RESTARTED_AT } from './wish.ts';

/** What a look sees of a unit: asks systemd no more than it must, and keeps what measures the run on the run that is. */
export class Sight {
  readonly #ports: LoopPorts;
  readonly #probeTargets: ProbeTargets;
  readonly #readings: FirstReadings;
  readonly #enqueue: (name: string) => void;

  constructor(ports: LoopPorts, starts: Starts, enqueue: (name: string) => void) {
    this.#ports = ports;
    this.#readings = new FirstReadings({ clock: ports.clock, enqueue, starts });
    this.#enqueue = enqueue;
    this.#probeTargets = new ProbeTargets(ports.instance.id);
  }

  /** Whether a name that nothing is known of is that of a unit of ours. @throws {SystemdError} */
  async isOrphan(name: string): Promise<boolean> {
    const { systemd, instance } = this.#ports;
    const unit = systemd.unit(unitName(name));
    // What has ended goes by itself: systemd unloads it a moment after it told of the end.
    if (unit === undefined || positionOf(unit) === 'absent') {
      systemd.forget(unitName(name));
      return false;
    }
    const known = unit.marks === undefined ? await systemd.read(unit.name) : unit;
    return known !== undefined && positionOf(known) !== 'absent' && isOurs(known, instance.id);
  }

  /** Looks at the unit as it is known; returns whether it has to be read before anything can be said of it: whose it is above all. */
  observe(entry: ServerEntry, record: SpecRecord | undefined): boolean {
    entry.seen = this.#ports.systemd.unit(entry.unitName);
    return needsReading(entry.seen, entry) && !this.#isReadLater(entry, record);
  }

  /** The same once systemd has said all of it. @throws {SystemdError} */
  async read(entry: ServerEntry): Promise<void> {
    const { systemd } = this.#ports;
    await systemd.read(entry.unitName);
    entry.seen = systemd.unit(entry.unitName);
  }

  /** Places among the starting servers were taken or given back: that may end the wait of those that are read later. */
  noteStarts(): void {
    this.#readings.review();
  }

  /** The unit with what is in force for the run that is up, where that is not known: read when its turn has come. @throws {SystemdError} */
  async withLimits(
    entry: ServerEntry,
    record: SpecRecord | undefined,
    seen: UnitState,
  ): Promise<UnitState | undefined> {
    const { systemd } = this.#ports;
    const isKnown = isKnownUnread(seen, entry, record?.spec);
    if (isKnown && this.#readings.mayWait(entry.name, seen.invocationId)) {
      this.#followKills(entry, seen);
      return seen;
    }
    await systemd.read(entry.unitName);
    // Its spec has changed since it was started, and only now there is something to compare it with.
    if (seen.marks === undefined && !isKnown) this.#enqueue(entry.name);
    const unit = systemd.unit(entry.unitName);
    this.follow(entry, unit);
    return unit;
  }

  /** Nothing of the server is left, or somebody else looks after it. */
  forget(name: string): void {
    this.#readings.forget(name);
  }

  /** Takes note of a run that the entry doesn't know yet, ours or found. */
  noteInvocation(entry: ServerEntry, unit: UnitState | undefined, record: SpecRecord | undefined): void {
    const id = newInvocation(unit, entry);
    if (id === undefined) return;
    const isOwnStart = entry.startRequestedMs !== undefined;
    // After a run that was known: somebody started it again.
    entry.begunByOthers = !isOwnStart && entry.invocation !== undefined ? id : '';
    entry.startedMs = entry.startRequestedMs ?? this.#ports.clock.monotonicMs();
    entry.ageFromMs = entry.startedMs;
    entry.invocation = { id, startedAtMs: unit?.activeSinceMs ?? this.#ports.clock.wallMs(), readyAtMs: null };
    entry.startRequestedMs = undefined;
    entry.hasEnvironmentFile = true;
    entry.isAdopted = !isOwnStart;
    if (isOwnStart) return;
    entry.restartedAt ??= record?.spec?.annotations[RESTARTED_AT] ?? '';
    this.#ports.events.record({ server: entry.name, reason: 'Adopted', message: 'found running and left as it is' });
  }

  /** Keeps usage and readiness measured for the present run and no other. */
  follow(entry: ServerEntry, unit: UnitState | undefined): void {
    const { sampler, prober } = this.#ports;
    const { served } = entry;
    const isUp = unit !== undefined && positionOf(unit) === 'active' && unit.invocationId !== '';
    if (isUp && unit.controlGroup !== '')
      sampler.follow(entry.name, unit.controlGroup, unit.invocationId, entry.isAdopted);
    if (!isUp || served === undefined) {
      prober.unfollow(entry.name);
      return;
    }
    const probes = this.#probeTargets.of(served);
    if (probes === undefined) prober.unfollow(entry.name);
    else {
      const { invocationId, mainPid } = unit;
      const { account } = served.server;
      const owner =
        account.isDynamic === true
          ? ({ kind: 'process', pid: mainPid } as const)
          : ({ kind: 'account', uid: account.uid } as const);
      prober.follow(entry.name, { invocationId, probes, owner }, knownHealth(entry, invocationId));
    }
    const verdict = prober.verdict(entry.name);
    const isAsked = probes?.startup !== undefined;
    const hasStarted = verdict?.invocationId === unit.invocationId && verdict.startup === undefined;
    if (!isAsked || hasStarted) entry.startedUpOf = unit.invocationId;
  }

  /** Of a run whose control group was not asked for yet, where it has to be: a kill for memory is told at once whoever else starts. */
  #followKills(entry: ServerEntry, unit: UnitState): void {
    const { systemd, sampler } = this.#ports;
    const { invocationId, name } = unit;
    const controlGroup = expectedControlGroup(systemd.controlGroup(), poolOf(entry, unit), name);
    // Once found it is there for as long as the run is, whatever becomes of the watch.
    if (sampler.followKills(entry.name, controlGroup, invocationId)) entry.foundGroup = { invocationId, controlGroup };
  }

  /** Not where another wish has come meanwhile: that is compared with what is in force. */
  #isReadLater(entry: ServerEntry, record: SpecRecord | undefined): boolean {
    const { seen, name } = entry;
    const isKnown = seen !== undefined && isKnownUnread(seen, entry, record?.spec);
    return isKnown && this.#readings.isWaiting(name, seen.invocationId);
  }
}

/** What is known of a run before its probes are asked: a new controller must not take one that is only busy for one that still starts. */
function knownHealth({ foundReady, startedUpOf, invocation }: ServerEntry, id: string): KnownHealth {
  const wasReady = invocation?.id === id && invocation.readyAtMs !== null;
  return { isReady: foundReady === id, hasStarted: startedUpOf === id || foundReady === id || wasReady };
}
