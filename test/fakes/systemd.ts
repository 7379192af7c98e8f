import {
  type SliceState,
  type Systemd,
  SystemdError,
  type SystemdEvent,
  type UnitState,
} from '../../src/systemd/port.ts';
import { newRecord } from '../../src/systemd/units.ts';
import { parseMarks } from '../../src/units/marks.ts';
import { liveRows } from '../../src/units/table.ts';
import type { UnitProperty } from '../../src/units/types.ts';

type Job = { readonly kind: 'start' | 'stop'; readonly isOurs: boolean };

/**
 * systemd in memory: jobs wait until `step` or `settle` runs them, so a test decides what overtakes what.
 *
 * Collects units as CollectMode=inactive does: inactive ones at once, failed ones stay until resetFailedUnit.
 */
export class FakeSystemd implements Systemd {
  readonly units = new Map<string, UnitState>();
  /** Properties set on slices. */
  readonly slices = new Map<string, Record<string, unknown>>();
  /** systemd's words, where it refuses properties of slices. */
  refuseSlices: string | undefined;
  onSliceSet: () => void = () => undefined;
  /** Settings that drop-ins make, by unit. */
  readonly dropIns = new Map<string, ReadonlyMap<string, string>>();
  readonly calls: string[] = [];
  readonly started: { readonly unit: string; readonly properties: readonly UnitProperty[] }[] = [];
  /** What the next starts come to, by unit: active where absent. */
  readonly startOutcome = new Map<string, { readonly execMainCode?: number; readonly execMainStatus: number }>();
  readonly #jobs = new Map<string, Job>();
  readonly #listeners = new Set<(event: SystemdEvent) => void>();
  #isConnected = true;
  #invocations = 0;

  async open(): Promise<void> {}
  close(): void {}
  version(): string {
    return '252-fake';
  }
  controlGroup(): string {
    return '';
  }
  isConnected(): boolean {
    return this.#isConnected;
  }
  loadedUnits(): readonly string[] {
    return [...this.units.values()].filter((unit) => unit.loaded).map((unit) => unit.name);
  }
  unit(name: string): UnitState | undefined {
    return this.units.get(name);
  }
  forget(name: string): void {
    if (this.units.get(name)?.loaded === false) this.units.delete(name);
  }
  async relist(): Promise<readonly string[]> {
    this.#call('ListUnitsByPatterns');
    return [...this.units.values()].filter((unit) => unit.loaded).map((unit) => unit.name);
  }
  async read(name: string): Promise<UnitState | undefined> {
    this.#call('GetAll');
    const unit = this.units.get(name);
    return unit?.loaded === true ? unit : undefined;
  }
  async readSlice(name: string): Promise<SliceState> {
    this.#call('ReadSlice');
    const group = `/hublet.slice/${name}`;
    const isActive = [...this.units.values()].some((unit) => unit.loaded && unit.controlGroup.startsWith(group));
    return { controlGroup: isActive ? group : '', live: { ...this.slices.get(name) } };
  }
  async adminSettings(name: string): Promise<ReadonlyMap<string, string>> {
    this.#call('AdminSettings');
    return this.dropIns.get(name) ?? new Map();
  }
  async systemState(): Promise<string> {
    return 'running';
  }
  on(listener: (event: SystemdEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async startTransientUnit(name: string, properties: readonly UnitProperty[]): Promise<void> {
    this.#call('StartTransientUnit');
    if (this.units.get(name)?.loaded === true) throw new SystemdError('UnitExists', `Unit ${name} already exists.`);
    if (this.#jobs.has(name)) throw new Error(`two jobs in flight for ${name}`);
    this.started.push({ unit: name, properties });
    this.#invocations += 1;
    const given = Object.fromEntries(properties.map((property) => [property.name, property.value]));
    const live = Object.fromEntries(liveRows().map((row) => [row.name, given[row.name] ?? row.unset]));
    this.#set(name, {
      loaded: true,
      activeState: 'inactive',
      hasJob: true,
      invocationId: this.#invocations.toString(16).padStart(32, '0'),
      marks: parseMarks(given.LogExtraFields),
      live,
    });
    this.#jobs.set(name, { kind: 'start', isOurs: true });
  }

  async stopUnit(name: string): Promise<void> {
    this.#call('StopUnit');
    this.#stop(name, true);
  }
  async resetFailedUnit(name: string): Promise<void> {
    this.#call('ResetFailedUnit');
    if (this.units.get(name)?.activeState !== 'failed')
      throw new SystemdError('NoSuchUnit', `Unit ${name} not loaded.`);
    this.units.delete(name);
    this.#emit(name);
  }
  async setUnitProperties(name: string, properties: readonly UnitProperty[]): Promise<void> {
    this.#call('SetUnitProperties');
    const live = name.endsWith('.slice') ? { ...this.slices.get(name) } : { ...this.#loaded(name).live };
    for (const property of properties) live[property.name] = property.value;
    if (name.endsWith('.slice')) {
      if (this.refuseSlices !== undefined) throw new SystemdError('InvalidProperty', this.refuseSlices);
      this.slices.set(name, live);
      this.onSliceSet();
      return;
    }
    this.#set(name, { live });
  }

  /** Finishes one job of the unit, if it has one. */
  step(name: string): void {
    const job = this.#jobs.get(name);
    if (job === undefined) return;
    this.#jobs.delete(name);
    const failure = this.startOutcome.get(name);
    if (job.kind === 'stop') this.#end(name, { result: 'success', execMainCode: 2, execMainStatus: 15 });
    else if (failure !== undefined) this.#end(name, { result: 'exit-code', execMainCode: 1, ...failure });
    else
      this.#set(name, { activeState: 'active', hasJob: false, mainPid: 4711, controlGroup: this.#controlGroup(name) });
  }

  /** Finishes every job. */
  settle(): void {
    for (const name of [...this.#jobs.keys()]) this.step(name);
  }

  /** The main process ends by itself. */
  exit(name: string, end: { readonly code?: number; readonly signal?: number }): void {
    const unit = this.units.get(name);
    if (unit?.loaded !== true || unit.activeState !== 'active') return;
    this.#jobs.delete(name);
    const execMainStatus = end.signal ?? end.code ?? 0;
    const isClean = end.signal === undefined && execMainStatus === 0;
    const result = end.signal !== undefined ? 'signal' : isClean ? 'success' : 'exit-code';
    this.#end(name, { result, execMainCode: end.signal === undefined ? 1 : 2, execMainStatus });
  }

  /** A person stops it with systemctl. */
  stopByOther(name: string): void {
    if (this.units.get(name)?.activeState === 'active' && !this.#jobs.has(name)) this.#stop(name, false);
  }

  /** A unit that was there before, ours or not. */
  put(name: string, state: Partial<UnitState>): void {
    this.#set(name, { loaded: true, ...state });
  }

  setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected;
    for (const listener of this.#listeners) {
      listener(isConnected ? { kind: 'connected' } : { kind: 'disconnected', reason: 'test' });
    }
  }

  emitShutdownCancelled(): void {
    for (const listener of this.#listeners) listener({ kind: 'shutdownCancelled' });
  }

  emitShutdown(): void {
    for (const listener of this.#listeners) listener({ kind: 'shutdown' });
  }

  #controlGroup(name: string): string {
    const properties = this.started.findLast(({ unit }) => unit === name)?.properties;
    const slice = properties?.find((property) => property.name === 'Slice')?.value ?? 'system.slice';
    return slice === 'hublet.slice' ? `/hublet.slice/${name}` : `/hublet.slice/${slice}/${name}`;
  }

  #stop(name: string, isOurs: boolean): void {
    this.#loaded(name);
    this.#jobs.set(name, { kind: 'stop', isOurs });
    this.#set(name, { activeState: 'deactivating', hasJob: true, stopRequestedBy: isOurs ? 'hublet' : 'other' });
  }

  #end(name: string, end: Pick<UnitState, 'result' | 'execMainCode' | 'execMainStatus'>): void {
    const isFailed = end.result !== 'success';
    this.#set(name, {
      ...end,
      activeState: isFailed ? 'failed' : 'inactive',
      hasJob: false,
      mainPid: 0,
      loaded: isFailed,
    });
  }

  #loaded(name: string): UnitState {
    const unit = this.units.get(name);
    if (unit?.loaded !== true) throw new SystemdError('NoSuchUnit', `Unit ${name} not loaded.`);
    return unit;
  }

  #call(method: string): void {
    this.calls.push(method);
    if (!this.#isConnected) throw new SystemdError('Disconnected', 'no connection');
  }

  #set(name: string, change: Partial<UnitState>): void {
    this.units.set(name, {
      ...(this.units.get(name)?.loaded === true ? this.units.get(name) : newRecord(name).state),
      ...change,
    } as UnitState);
    this.#emit(name);
  }

  #emit(unit: string): void {
    for (const listener of this.#listeners) listener({ kind: 'changed', unit });
  }
}
