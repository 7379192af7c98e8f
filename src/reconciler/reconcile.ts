/** One look at one server: what is wished, what is there, what follows. The loop decides when to look. */
import type { SpecRecord } from '../source/types.ts';
import type { UnitState } from '../systemd/port.ts';
import { serverFileId, unitName } from '../units/name.ts';
import { Actor } from './actor.ts';
import type { Admitter } from './admitter.ts';
import { deniedAdmission } from './denial.ts';
import { Departures } from './departures.ts';
import { isUnitAction } from './effects.ts';
import type { Ends } from './ends.ts';
import { createEntry, type ServerEntry } from './entry.ts';
import { Judge } from './judge.ts';
import { LifecycleKeeper } from './lifecycle.ts';
import { LimitKeeper } from './limits.ts';
import { nextLookMs } from './nextLook.ts';
import { hasNews, isOurs, needsLimits, newInvocation } from './observer.ts';
import { type Action, planActions, positionOf } from './plan.ts';
import { poolMember } from './poolMembers.ts';
import type { PoolKeeper } from './pools.ts';
import type { LoopPorts } from './ports.ts';
import { Publisher, type ViewFacts } from './publisher.ts';
import type { WorkResult } from './queue.ts';
import { Sight } from './sight.ts';
import { SpecNews } from './specNews.ts';
import { Starts } from './starts.ts';
import { Updates } from './updates.ts';
import { BUS_GRACE_MS } from './view.ts';
import { isDown } from './wish.ts';

export interface ReconcilerOptions {
  readonly ports: LoopPorts;
  readonly admitter: Admitter;
  readonly pools: PoolKeeper;
  readonly ends: Ends;
  readonly enqueue: (name: string) => void;
  /** The same before all others. */
  readonly enqueueFirst: (name: string) => void;
  /** Otherwise nothing that is missing counts as deleted. */
  readonly isEverySourceReady: () => boolean;
  /** How long the bus has been away; 0 while it is there. */
  readonly busLostMs: () => number;
  /** Actions are told but not carried out. */
  readonly isDryRun: boolean;
}

export class Reconciler {
  readonly entries = new Map<string, ServerEntry>();
  readonly limits: LimitKeeper;
  readonly #options: ReconcilerOptions;
  readonly #ports: LoopPorts;
  readonly #sight: Sight;
  readonly #starts: Starts;
  readonly #judge: Judge;
  readonly #updates: Updates;
  readonly #actor: Actor;
  readonly #departures: Departures;
  readonly #publisher: Publisher;
  readonly #specNews: SpecNews;
  readonly #lifecycle: LifecycleKeeper;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#ports = options.ports;
    this.#starts = new Starts(() => options.ports.config.reconcile.maxStarting, options.enqueueFirst);
    this.#sight = new Sight(options.ports, this.#starts, options.enqueue);
    this.#judge = new Judge({ ...options, starts: this.#starts });
    this.#updates = new Updates(options.ports);
    this.limits = new LimitKeeper(options.ports);
    this.#actor = new Actor(options.ports, this.#updates, this.limits);
    this.#departures = new Departures(options.ports, options.admitter);
    this.#publisher = new Publisher(options.ports);
    this.#specNews = new SpecNews(options.ports);
    this.#lifecycle = new LifecycleKeeper(options.ports);
  }

  async reconcile(name: string): Promise<WorkResult> {
    const { source, systemd, instance, clock } = this.#ports;
    const { ends } = this.#options;
    const record = source.record(name);
    if (this.#departures.hasLeft(name)) {
      if (this.#options.isDryRun) return { kind: 'done' };
      if (record === undefined || record.isDeleted) return this.#departures.look(name, record);
      // Until its file says otherwise it is to run on without it again.
      this.#entry(name).deletionPolicy = 'Orphan';
      this.#departures.takeBack(name);
    }
    if (record === undefined && !this.entries.has(name) && !(await this.#sight.isOrphan(name))) return { kind: 'done' };
    const entry = this.#entry(name);
    entry.unknownSinceMs = record === undefined ? (entry.unknownSinceMs ?? clock.monotonicMs()) : undefined;
    if (!systemd.isConnected()) {
      // For a moment a status says what it said; a bus that stays away makes it Unknown.
      if (this.#options.busLostMs() <= BUS_GRACE_MS) return { kind: 'done' };
      return this.#publish(entry, record, systemd.unit(entry.unitName), {});
    }

    // What need not be waited for isn't, here and below: from a new spec to the request to systemd is one step then.
    if (this.#sight.observe(entry, record)) await this.#sight.read(entry);
    const unit = entry.seen;
    const isOther = unit?.marks !== undefined && !isOurs(unit, instance.id);
    const isForeign = isOther && unit.loaded;
    if (isOther && !isForeign) systemd.forget(entry.unitName);
    const own = isOther ? undefined : unit;
    if (own?.loaded === true) entry.hasEnvironmentFile = true;
    const end = ends.take(entry, own);
    if (end.kind === 'collecting') {
      // That it has ended is told at once, and why as soon as that is known.
      this.#admit(entry, record, false);
      return this.#publish(entry, record, own, {});
    }
    if (end.kind === 'none') this.#sight.noteInvocation(entry, own, record);

    this.#lifecycle.look(entry, record, own);
    this.#admit(entry, record, !isForeign && isDown(entry, record, own, clock.wallMs()));
    entry.deletionPolicy = record?.spec?.deletionPolicy ?? entry.deletionPolicy;
    if (this.#specNews.take(entry, record)) this.#judge.forgive(entry);
    this.#sight.follow(entry, own);
    ends.tellOomKills(entry);
    this.#updates.look(entry, record, isForeign ? undefined : own);
    if (entry.admission.kind === 'admitted' && positionOf(own) === 'active') entry.admission.plan.slim();

    const isQueued = this.#judge.decide(entry, record, own, isForeign, end.kind === 'ended' ? end.exit : null);
    // Somebody restarted it before its end was dealt with: the new run has not been looked at.
    if (end.kind === 'ended' && newInvocation(own, entry) !== undefined) this.#options.enqueue(name);
    this.#sight.noteStarts();
    // Only now, so that the place among the starting servers is free already for the next.
    const isUnknown = !isForeign && needsLimits(own);
    const present = isUnknown ? await this.#sight.withLimits(entry, record, own) : own;
    this.#options.pools.note(name, poolMember(entry, present));
    return await this.#act(entry, record, present, { isForeign, isQueued });
  }

  #admit(entry: ServerEntry, record: SpecRecord | undefined, isStartable: boolean): void {
    if (record?.spec !== undefined) entry.admission = this.#options.admitter.admit(record, record.spec, isStartable);
    else if (record?.denial !== undefined) entry.admission = deniedAdmission(record.denial);
    if (entry.admission.kind === 'admitted') entry.served = entry.admission;
  }

  /** Whether it runs on without hublet (deletionPolicy: Orphan). */
  hasLeft(name: string): boolean {
    return this.#departures.hasLeft(name);
  }

  /** Whether a change of its unit asks for a look. */
  isNews(name: string): boolean {
    const entry = this.entries.get(name);
    return entry === undefined || hasNews(this.#ports.systemd.unit(entry.unitName), entry);
  }

  #entry(name: string): ServerEntry {
    const known = this.entries.get(name);
    if (known !== undefined) return known;
    const { clock, runtime, statusFiles } = this.#ports;
    const unit = { name: unitName(name), fileId: serverFileId(name) };
    const told = statusFiles.read(name)?.status;
    const entry = createEntry(name, unit, runtime.readMemory(name), told, clock.monotonicMs());
    this.entries.set(name, entry);
    return entry;
  }

  async #act(
    entry: ServerEntry,
    record: SpecRecord | undefined,
    unit: UnitState | undefined,
    facts: Pick<ViewFacts, 'isForeign' | 'isQueued'>,
  ): Promise<WorkResult> {
    const { systemd, log, clock } = this.#ports;
    const hasLimits = unit?.live !== undefined || entry.rivals.dropIns.size > 0;
    if (hasLimits) await this.limits.look(entry, unit);
    const { drifted, apply } = this.limits.plan(entry, unit);
    const actions = planActions({
      state: entry.snapshot.value,
      position: positionOf(unit),
      unit,
      plan: entry.admission.kind === 'admitted' ? entry.admission.plan : undefined,
      limits: apply,
      isStartPending: entry.startRequestedMs !== undefined,
      isStopSent: unit !== undefined && unit.invocationId !== '' && unit.invocationId === entry.stopAskedOf,
      hasEnvironmentFile: entry.hasEnvironmentFile,
    });
    if (this.#options.isDryRun) {
      for (const { kind } of actions) log.info({ server: entry.name, action: kind }, 'would act');
      return this.#publish(entry, record, unit, { ...facts, drifted });
    }
    const steps = actions.filter(isUnitAction);
    const pool = this.#poolToReady(entry, unit, steps);
    const obstacle = pool === undefined ? undefined : await this.#readyPool(entry, pool);
    const result = obstacle ?? (await this.#actor.run(entry, steps, record));
    if (result?.kind === 'refused') {
      this.#options.ends.refuse(entry, result.message);
      this.#judge.decide(entry, record, undefined, facts.isForeign, 'configuration');
      // What was laid out for the start is to be cleared away.
      this.#options.enqueue(entry.name);
    } else if (result === undefined && steps.length < actions.length) {
      if (actions.some(({ kind }) => kind === 'leave')) this.#departures.leave(entry);
      else this.#departures.forget(entry);
      this.entries.delete(entry.name);
      this.#options.pools.note(entry.name, undefined);
      this.#starts.leave(entry.name);
      this.#sight.forget(entry.name);
      return { kind: 'done' };
    }
    // A start that can't be asked for now must not keep others from theirs.
    if (result?.kind === 'retry' && entry.fault !== undefined) this.#starts.leave(entry.name);
    const present = facts.isForeign ? undefined : systemd.unit(entry.unitName);
    const left = steps.length === 0 ? drifted : this.limits.plan(entry, present).drifted;
    this.#options.pools.note(entry.name, poolMember(entry, present));
    const published = this.#publish(entry, record, present, { ...facts, drifted: left });
    if (result !== undefined && result.kind !== 'refused') return result;
    const afterMs = nextLookMs(entry, record, clock);
    return published.kind === 'retry' || afterMs === undefined ? published : { kind: 'again', afterMs };
  }

  /** The pool in which a server is about to start or to grow; undefined: none. */
  #poolToReady(entry: ServerEntry, unit: UnitState | undefined, steps: readonly Action[]): string | undefined {
    const isConcerned = steps.some(({ kind }) => kind === 'start' || kind === 'setLimits');
    return isConcerned ? poolMember(entry, unit)?.pool : undefined;
  }

  /** Has the pool as it should be before that. @returns what to do instead; undefined: go on */
  async #readyPool(entry: ServerEntry, pool: string): Promise<WorkResult | undefined> {
    const fault = await this.#options.pools.ensure(pool);
    if (fault === undefined) return undefined;
    entry.fault = fault;
    return { kind: 'retry' };
  }

  #publish(
    entry: ServerEntry,
    record: SpecRecord | undefined,
    unit: UnitState | undefined,
    facts: Partial<ViewFacts>,
  ): WorkResult {
    const all = { isForeign: false, isQueued: false, drifted: [], busLostMs: this.#options.busLostMs(), ...facts };
    const isWritten = this.#publisher.publish(this.#publisher.view(entry, record, unit, all));
    return isWritten || this.#options.isDryRun ? { kind: 'done' } : { kind: 'retry' };
  }
}
