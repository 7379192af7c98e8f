import { Variant } from 'dbus-next';
import { unitPath } from '../../../src/systemd/path.ts';
import { assign, refusal, settingsOf } from './properties.ts';
import { FakeUnit, type JobType, jobPath, sliceGroup, stub } from './unit.ts';

/** A signal that PID 1 sends to whoever has subscribed. */
export interface Signal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature: string;
  readonly body: readonly unknown[];
}

/** An error answer, by its D-Bus name. */
export class Refused extends Error {
  readonly dbusName: string;

  constructor(dbusName: string, text: string) {
    super(text);
    this.dbusName = dbusName;
  }
}

const root = '/org/freedesktop/systemd1';
const systemd = 'org.freedesktop.systemd1';
const cleanSignals = [1, 2, 13, 15];
/** Above the kernel's highest pid, so that no real process is ever meant. */
const firstPid = 4_194_305;

/**
 * The part of systemd that runs services: units, jobs, garbage collection and the order of the signals about them,
 * as measured with systemd 252. Knows no bus.
 */
export class FakePid1 {
  readonly units = new Map<string, FakeUnit>();
  /** Properties set on slices, which need no unit. */
  readonly slices = new Map<string, Map<string, Variant>>();
  systemState = 'running';
  version = '252.39-1~deb12u2';
  /** Starts stay in activating until released. */
  isHoldingStarts = false;
  /** What a command of Type=oneshot comes to: its exit code, or nothing while it runs. */
  commandExit: (unit: FakeUnit) => number | undefined = () => 0;
  /** Units whose next exec fails, with the exit status that it fails with. */
  readonly failingStarts = new Map<string, number>();
  /** Units whose process ignores SIGTERM from its start on. */
  readonly stubborn = new Set<string>();
  /** The largest number of start jobs there ever was at once. */
  mostStarting = 0;
  readonly #emit: (signal: Signal) => void;
  #nextJob = 1;
  #nextPid = firstPid;

  constructor(emit: (signal: Signal) => void) {
    this.#emit = emit;
  }

  start(name: string, properties: readonly (readonly [string, Variant])[]): string {
    if (!/^[A-Za-z0-9:_.\\-]+\.service$/.test(name) || name.length > 255) {
      throw new Refused('org.freedesktop.DBus.Error.InvalidArgs', `Unit name ${name} is not valid.`);
    }
    if (this.units.has(name))
      throw new Refused(`${systemd}.UnitExists`, `Unit ${name} was already loaded or has a fragment file.`);
    if (this.systemState === 'stopping') {
      throw new Refused(`${systemd}.TransactionIsDestructive`, `Transaction for ${name}/start is destructive.`);
    }
    const given = new Map<string, Variant>();
    for (const [property, variant] of properties) {
      const refused = refusal(property, variant, false);
      if (refused !== undefined) throw new Refused(refused.name, refused.text);
      assign(given, property, variant);
    }
    if (!given.has('ExecStart'))
      throw new Refused(`${systemd}.BadUnitSetting`, `Unit ${name} has a bad unit file setting.`);
    const unit = new FakeUnit(name, given);
    unit.ignoresTerm = this.stubborn.has(name);
    this.units.set(name, unit);
    this.#manager('UnitNew', 'so', [name, unitPath(name)]);
    const job = this.#queue(unit, 'start');
    setImmediate(() => this.#runStart(unit, job));
    return jobPath(job);
  }

  stop(name: string): string {
    const unit = this.#loaded(name);
    if (unit.job !== undefined && unit.job.type === 'stop') return jobPath(unit.job.id);
    if (unit.job !== undefined) this.#finishJob(unit, 'canceled');
    const job = this.#queue(unit, 'stop');
    setImmediate(() => this.#runStop(unit, job));
    return jobPath(job);
  }

  /** As `systemctl restart` does it: one job that stops and then starts, with a new invocation. */
  restart(name: string): string {
    const unit = this.#loaded(name);
    const job = this.#queue(unit, 'restart');
    setImmediate(() => this.#runStop(unit, job));
    return jobPath(job);
  }

  resetFailed(name: string): void {
    const unit = this.#loaded(name);
    if (unit.activeState !== 'failed') return;
    unit.result = 'success';
    unit.enter('inactive', 'dead');
    this.#changed(unit);
    this.#collect(unit);
  }

  setProperties(name: string, properties: readonly (readonly [string, Variant])[]): void {
    for (const [property, variant] of properties) {
      const refused = refusal(property, variant, true);
      if (refused !== undefined) throw new Refused(refused.name, refused.text);
    }
    const given = name.endsWith('.slice') ? this.#slice(name) : this.#loaded(name).given;
    for (const [property, variant] of properties) assign(given, property, variant);
  }

  /** What the Slice interface says, of a slice that is active or not. */
  slice(name: string): Record<string, Variant> {
    const isActive = [...this.units.values()].some((unit) => unit.isUp() && unit.given.get('Slice')?.value === name);
    return {
      ...settingsOf('Service', this.slices.get(name) ?? new Map()),
      ControlGroup: new Variant('s', isActive ? sliceGroup(name) : ''),
    };
  }

  list(patterns: readonly string[]): unknown[][] {
    const rules = patterns.map((pattern) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`));
    return [...this.units.values()]
      .filter((unit) => rules.length === 0 || rules.some((rule) => rule.test(unit.name)))
      .map((unit) => unit.row());
  }

  /** A unit, or the stub that systemd loads for as long as it takes to ask about one that isn't there. */
  look(name: string): FakeUnit {
    const unit = this.units.get(name);
    if (unit !== undefined) return unit;
    this.#manager('UnitNew', 'so', [name, unitPath(name)]);
    setImmediate(() => this.#manager('UnitRemoved', 'so', [name, unitPath(name)]));
    return stub(name);
  }

  /** The main process ends by itself or by a signal that isn't systemd's. */
  endProcess(name: string, end: { readonly exit: number } | { readonly signal: number }, result?: string): void {
    const unit = this.#loaded(name);
    if (unit.mainPid === 0) throw new Error(`${name} has no process`);
    this.#ended(unit, 'exit' in end ? 1 : 2, 'exit' in end ? end.exit : end.signal, result);
  }

  /** Lets held starts go on. */
  releaseStarts(): void {
    this.isHoldingStarts = false;
    for (const unit of this.units.values()) if (unit.activeState === 'activating') this.#activated(unit);
  }

  /** A job for shutdown.target, and every server stopped by it. */
  shutdown(): void {
    this.systemState = 'stopping';
    const job = this.#nextJob++;
    this.#manager('JobNew', 'uos', [job, jobPath(job), 'shutdown.target']);
    for (const unit of [...this.units.values()]) if (unit.isUp()) this.stop(unit.name);
  }

  announceReload(isActive: boolean): void {
    if (isActive) {
      this.#manager('Reloading', 'b', [true]);
      for (const { name } of this.units.values()) this.#manager('UnitRemoved', 'so', [name, unitPath(name)]);
    } else {
      for (const { name } of this.units.values()) this.#manager('UnitNew', 'so', [name, unitPath(name)]);
      this.#manager('Reloading', 'b', [false]);
    }
  }

  #runStart(unit: FakeUnit, job: number): void {
    if (unit.job?.id !== job) return;
    this.#noise();
    this.#changed(unit);
    unit.begin(this.#nextPid++);
    this.#changed(unit);
    if (!this.isHoldingStarts) setImmediate(() => this.#activated(unit));
  }

  #activated(unit: FakeUnit): void {
    if (unit.activeState !== 'activating') return;
    const failing = this.failingStarts.get(unit.name);
    if (failing !== undefined) {
      this.failingStarts.delete(unit.name);
      this.#ended(unit, 1, failing);
      return;
    }
    if (unit.given.get('Type')?.value === 'oneshot') {
      this.#runCommand(unit);
      return;
    }
    unit.enter('active', 'running');
    this.#changed(unit);
    this.#finishJob(unit, 'done');
    this.#changed(unit);
  }

  /** Its start job lasts as long as its process. */
  #runCommand(unit: FakeUnit): void {
    const status = this.commandExit(unit);
    if (status !== undefined) {
      this.#ended(unit, 1, status);
      return;
    }
    const timeoutMs = Number((unit.given.get('TimeoutStartUSec')?.value ?? 90_000_000n) / 1000n);
    const timer = setTimeout(() => this.#ended(unit, 2, 9, 'timeout'), timeoutMs);
    unit.cancelTimer = () => clearTimeout(timer);
  }

  #runStop(unit: FakeUnit, job: number): void {
    if (unit.job?.id !== job) return;
    if (!unit.isUp()) {
      this.#finishJob(unit, 'done');
      this.#collect(unit);
      return;
    }
    unit.enter('deactivating', 'stop-sigterm');
    this.#changed(unit);
    if (!unit.ignoresTerm) {
      setImmediate(() => this.#ended(unit, 2, 15));
      return;
    }
    const graceMs = Number((unit.given.get('TimeoutStopUSec')?.value ?? 90_000_000n) / 1000n);
    const timer = setTimeout(() => this.#ended(unit, 2, 9, 'timeout'), graceMs);
    unit.cancelTimer = () => clearTimeout(timer);
  }

  #ended(unit: FakeUnit, code: number, status: number, forced?: string): void {
    if (this.units.get(unit.name) !== unit || unit.mainPid === 0) return;
    unit.cancelTimer?.();
    const isClean = code === 1 ? status === 0 : cleanSignals.includes(status);
    unit.result = forced ?? (isClean ? 'success' : code === 1 ? 'exit-code' : 'signal');
    unit.code = code;
    unit.status = status;
    unit.mainPid = 0;
    if (unit.result === 'success') unit.enter('inactive', 'dead');
    else unit.enter('failed', 'failed');
    this.#changed(unit);
    if (unit.job?.type === 'restart') {
      const { id } = unit.job;
      unit.job = { id, type: 'start' };
      setImmediate(() => this.#runStart(unit, id));
      return;
    }
    if (unit.job !== undefined) {
      const isCommandDone = unit.given.get('Type')?.value === 'oneshot' && unit.result === 'success';
      this.#finishJob(unit, unit.job.type === 'start' && !isCommandDone ? 'failed' : 'done');
      this.#changed(unit);
    }
    this.#collect(unit);
  }

  /** CollectMode=inactive keeps the failed, the other mode nothing. */
  #collect(unit: FakeUnit): void {
    const keepsFailed = unit.given.get('CollectMode')?.value !== 'inactive-or-failed';
    if (unit.job !== undefined || unit.isUp() || (unit.activeState === 'failed' && keepsFailed)) return;
    this.units.delete(unit.name);
    this.#manager('UnitRemoved', 'so', [unit.name, unitPath(unit.name)]);
  }

  #queue(unit: FakeUnit, type: JobType): number {
    const id = this.#nextJob++;
    unit.job = { id, type };
    const starting = [...this.units.values()].filter(({ job }) => job?.type === 'start').length;
    this.mostStarting = Math.max(this.mostStarting, starting);
    this.#manager('JobNew', 'uos', [id, jobPath(id), unit.name]);
    return id;
  }

  #finishJob(unit: FakeUnit, result: string): void {
    if (unit.job === undefined) return;
    const { id } = unit.job;
    this.#manager('JobRemoved', 'uoss', [id, jobPath(id), unit.name, result]);
    unit.job = undefined;
  }

  #loaded(name: string): FakeUnit {
    const unit = this.units.get(name);
    if (unit === undefined) throw new Refused(`${systemd}.NoSuchUnit`, `Unit ${name} not loaded.`);
    return unit;
  }

  #slice(name: string): Map<string, Variant> {
    const slice = this.slices.get(name) ?? new Map<string, Variant>();
    this.slices.set(name, slice);
    return slice;
  }

  /** First the Service's signal, then the Unit's, as systemd promises. */
  #changed(unit: FakeUnit): void {
    this.#propertiesChanged(unit.name, 'Service', unit.serviceFacts());
    this.#propertiesChanged(unit.name, 'Unit', unit.unitFacts());
  }

  /** Every start changes the dependencies of these. */
  #noise(): void {
    for (const name of ['basic.target', 'sysinit.target', 'shutdown.target', 'hublet.slice']) {
      this.#propertiesChanged(name, 'Unit', stub(name).unitFacts());
    }
  }

  #propertiesChanged(name: string, of: 'Unit' | 'Service', facts: Record<string, Variant>): void {
    this.#emit({
      path: unitPath(name),
      interface: 'org.freedesktop.DBus.Properties',
      member: 'PropertiesChanged',
      signature: 'sa{sv}as',
      body: [`${systemd}.${of}`, facts, []],
    });
  }

  #manager(member: string, signature: string, body: readonly unknown[]): void {
    this.#emit({ path: root, interface: `${systemd}.Manager`, member, signature, body });
  }
}
