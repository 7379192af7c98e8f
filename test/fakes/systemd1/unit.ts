import { randomBytes } from 'node:crypto';
import { Variant } from 'dbus-next';
import { unitPath } from '../../../src/systemd/path.ts';
import { settingsOf } from './properties.ts';

export type JobType = 'start' | 'stop' | 'restart';

/** One service as the fake's PID 1 holds it. */
export class FakeUnit {
  readonly name: string;
  readonly given: Map<string, Variant>;
  loadState = 'loaded';
  /** Drop-ins that it has; a test writes them. */
  dropInPaths: string[] = [];
  activeState = 'inactive';
  subState = 'dead';
  job: { readonly id: number; readonly type: JobType } | undefined;
  invocation: Buffer = Buffer.alloc(0);
  mainPid = 0;
  execMainPid = 0;
  result = 'success';
  code = 0;
  status = 0;
  activeSinceUsec = 0n;
  /** Whether its process lives on after SIGTERM. */
  ignoresTerm = false;
  /** Processes of it hang in the kernel: systemd gives it up and keeps its control group. */
  outlivesKill = false;
  cancelTimer: (() => void) | undefined;

  constructor(name: string, given: Map<string, Variant>) {
    this.name = name;
    this.given = given;
  }

  begin(pid: number): void {
    this.invocation = randomBytes(16);
    this.mainPid = pid;
    this.execMainPid = pid;
    this.result = 'success';
    this.code = 0;
    this.status = 0;
    this.enter('activating', 'start');
  }

  enter(activeState: string, subState: string): void {
    this.activeState = activeState;
    this.subState = subState;
    if (activeState === 'active') this.activeSinceUsec = BigInt(Date.now()) * 1000n;
  }

  isUp(): boolean {
    return this.activeState === 'active' || this.activeState === 'activating';
  }

  /** Path below the cgroup mount; it exists in no file system. */
  controlGroup(): string {
    const slice = this.given.get('Slice')?.value ?? 'system.slice';
    const isEmpty = this.activeState === 'inactive' || this.activeState === 'failed';
    return isEmpty && !this.outlivesKill ? '' : `${sliceGroup(String(slice))}/${this.name}`;
  }

  /** What PropertiesChanged of the Service interface carries. */
  serviceFacts(): Record<string, Variant> {
    return {
      MainPID: new Variant('u', this.mainPid),
      ControlPID: new Variant('u', 0),
      StatusText: new Variant('s', ''),
      Result: new Variant('s', this.result),
      NRestarts: new Variant('u', 0),
      ExecMainStartTimestamp: new Variant('t', this.activeSinceUsec),
      ExecMainPID: new Variant('u', this.execMainPid),
      ExecMainCode: new Variant('i', this.code),
      ExecMainStatus: new Variant('i', this.status),
    };
  }

  /** What PropertiesChanged of the Unit interface carries. */
  unitFacts(): Record<string, Variant> {
    return {
      ActiveState: new Variant('s', this.activeState),
      SubState: new Variant('s', this.subState),
      FreezerState: new Variant('s', 'running'),
      ActiveEnterTimestamp: new Variant('t', this.activeSinceUsec),
      Job: new Variant('(uo)', [this.job?.id ?? 0, this.job === undefined ? '/' : jobPath(this.job.id)]),
      InvocationID: new Variant('ay', this.invocation),
    };
  }

  service(): Record<string, Variant> {
    return {
      ...settingsOf('Service', this.given),
      ...this.serviceFacts(),
      ControlGroup: new Variant('s', this.controlGroup()),
    };
  }

  unit(): Record<string, Variant> {
    return {
      ...settingsOf('Unit', this.given),
      ...this.unitFacts(),
      Id: new Variant('s', this.name),
      LoadState: new Variant('s', this.loadState),
      Transient: new Variant('b', true),
      DropInPaths: new Variant('as', this.dropInPaths),
    };
  }

  /** Its row in ListUnitsByPatterns. */
  row(): unknown[] {
    const job = this.job === undefined ? [0, '', '/'] : [this.job.id, this.job.type, jobPath(this.job.id)];
    return [this.name, '', this.loadState, this.activeState, this.subState, '', unitPath(this.name), ...job];
  }
}

export function jobPath(id: number): string {
  return `/org/freedesktop/systemd1/job/${id}`;
}

/** What Get and GetAll answer for a unit that isn't there. */
export function stub(name: string): FakeUnit {
  const unit = new FakeUnit(name, new Map());
  unit.loadState = 'not-found';
  return unit;
}

/** Where a slice lies: in those that its name begins with, up to each dash. */
export function sliceGroup(slice: string): string {
  const parts = slice.replace(/\.slice$/, '').split('-');
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('-')}.slice`).join('');
}
