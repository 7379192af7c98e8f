import type { ConditionType } from '../../src/status/reasons.ts';
import type { ServerStatus } from '../../src/status/types.ts';
import { conditionOf } from '../machine/servers.ts';
import type { Facts, Unit } from './facts.ts';
import { fileOf } from './files.ts';
import { allowanceOf, type Model } from './model.ts';
import { SUBJECTS, type Subject } from './servers.ts';
import type { Wish } from './steps.ts';

/** Something that is not as it must be. */
export interface Problem {
  /** `wrong`: no time will mend it. `unsettled`: it may be on its way. */
  readonly kind: 'wrong' | 'unsettled';
  readonly about: string;
  readonly text: string;
}

export interface Verdict {
  readonly problems: readonly Problem[];
  /** The spec that each server was found to go by; those without one are absent. */
  readonly found: ReadonlyMap<string, Wish>;
}

/** Conditions of the host that name something bad. */
const WELL_WHEN_FALSE: ReadonlySet<ConditionType> = new Set(['PruneHeld', 'WatchDegraded']);

/**
 * Compares what is with what must be and what may be.
 * @param before facts of the look before, which everything was well at; runs and generations are counted from there
 */
export function judge(model: Model, before: Facts, now: Facts): Verdict {
  const problems: Problem[] = [];
  const found = new Map<string, Wish>();
  const { controller, host } = now;
  if (controller.state !== 'active' || host?.pid !== controller.pid) {
    problems.push({ kind: 'unsettled', about: 'controller', text: `is ${controller.state}, pid ${controller.pid}` });
  }
  for (const condition of host?.conditions ?? []) {
    if (condition.status === (WELL_WHEN_FALSE.has(condition.type) ? 'False' : 'True')) continue;
    const text = `${condition.type}=${condition.status} ${condition.reason} ${condition.message}`;
    problems.push({ kind: 'unsettled', about: 'host', text });
  }
  for (const subject of SUBJECTS) {
    const server = judgeServer(subject, model, before, now);
    problems.push(...server.problems);
    if (server.wish !== undefined) found.set(subject.name, server.wish);
  }
  problems.push(...judgeLeftovers(model, now));
  return { problems, found };
}

/** Whether a server that is up must be in the run that it was in: no other was asked for, or the journal has none. */
export function isKept(model: Model, before: Facts, now: Facts, name: string): boolean {
  if (!before.units.has(unitOf(name)) || fileOf(model.files, name).kind === 'absent') return false;
  return allowanceOf(model, name).runs === 0 || !now.starts.has(unitOf(name));
}

function judgeServer(
  subject: Subject,
  model: Model,
  before: Facts,
  now: Facts,
): { readonly problems: readonly Problem[]; readonly wish?: Wish } {
  const { name } = subject;
  const problems: Problem[] = [];
  const say = (kind: Problem['kind'], text: string): void => {
    problems.push({ kind, about: name, text });
  };
  const unit = now.units.get(unitOf(name));
  const status = now.statuses.get(name);
  const { goods, runs, generations } = allowanceOf(model, name);

  const starts = now.starts.get(unitOf(name)) ?? 0;
  if (starts > runs) say('wrong', `${starts} runs have begun, ${runs} were asked for`);
  const ran = before.units.get(unitOf(name));
  const file = fileOf(model.files, name);
  if (isKept(model, before, now, name) && ran !== undefined && unit?.invocationId !== ran.invocationId) {
    // Kept down by its spec, its run may go; so may one of a file that was away.
    const mayStop = runs > 0 || goods.some(({ isSuspended }) => isSuspended);
    // One that may have begun is in the journal a moment after it is seen.
    const kind = runs === 0 ? 'wrong' : 'unsettled';
    if (!mayStop || unit !== undefined)
      say(kind, `run ${ran.invocationId} became ${unit?.invocationId ?? 'none'}, and nobody asked for that`);
  }

  if (file.kind === 'absent') {
    if (status !== undefined) say('unsettled', `its file is gone, its status is not: ${status.status.phase}`);
    if (unit !== undefined) say('unsettled', `its file is gone, its unit is ${unit.state}`);
    return { problems };
  }
  if (status === undefined) {
    say('unsettled', 'has no status');
    return { problems };
  }
  // One that comes back counts on from before its deletion, which the look before does not show.
  const previous = before.statuses.get(name)?.metadata.generation;
  if (previous !== undefined && status.metadata.generation > previous + generations)
    say('wrong', `generation ${status.metadata.generation}, at most ${previous + generations} were written`);

  const edit = Number(status.metadata.labels.edit);
  const wish = goods.find((good) => good.edit === edit);
  if (wish === undefined) {
    if (status.metadata.labels.edit === undefined) say('unsettled', 'goes by no spec yet');
    else say('wrong', `goes by edit ${edit}; it may be one of ${goods.map((good) => good.edit).join()}`);
    return { problems };
  }
  if (file.kind === 'good' && wish.edit !== file.last.edit)
    say('unsettled', `goes by edit ${edit}, not by ${file.last.edit}`);
  const accepted = conditionOf(status.status, 'Accepted')?.status;
  const isAccepted = file.kind === 'good' ? 'True' : 'False';
  if (accepted !== isAccepted) say('unsettled', `Accepted=${accepted}, its file is ${file.kind}`);
  const stored = now.lastGoods.get(name);
  if (stored !== wish.edit)
    say('unsettled', `edit ${stored ?? 'none'} is stored as its last good spec, it goes by ${edit}`);
  for (const text of runProblems(subject, wish, status, unit, now)) say('unsettled', text);
  return { problems, wish };
}

/** What of the running server isn't as that wish says. */
function runProblems(
  subject: Subject,
  wish: Wish,
  { status }: ServerStatus,
  unit: Unit | undefined,
  { processes }: Facts,
): readonly string[] {
  const own = processes.filter(({ server }) => server === subject.name);
  if (wish.isSuspended) {
    const problems = status.phase === 'Stopped' ? [] : [`is ${status.phase}, but suspended`];
    if (unit !== undefined) problems.push(`is suspended, its unit is ${unit.state}`);
    if (own.length > 0) problems.push(`is suspended, but processes ${own.map(({ pid }) => pid).join()} run`);
    return problems;
  }
  if (status.phase !== 'Ready') return [`is ${status.phase}: ${conditionOf(status, 'Ready')?.message}`];
  if (unit?.state !== 'active') return [`is Ready, its unit is ${unit?.state ?? 'not there'}`];
  const problems: string[] = [];
  const { invocationId, mainPid, applied } = status;
  if (invocationId !== unit.invocationId || mainPid !== unit.mainPid)
    problems.push(`status tells of run ${invocationId}, systemd of ${unit.invocationId}`);
  const limit = wish.memoryMebibytes * 2 ** 20;
  if (unit.memoryMaxBytes !== `${limit}`) problems.push(`MemoryMax is ${unit.memoryMaxBytes}, asked for ${limit}`);
  if (applied.memoryMaxBytes !== limit) problems.push(`memory applied: ${applied.memoryMaxBytes}, asked for ${limit}`);
  const stray = own.filter(({ controlGroup }) => controlGroup !== unit.controlGroup);
  if (stray.length > 0) problems.push(`process ${stray[0]?.pid} is in ${stray[0]?.controlGroup}: another run`);
  const version = own.find(({ pid }) => pid === unit.mainPid)?.version;
  const pending = conditionOf(status, 'UpdatePending')?.status;
  if ((pending === 'True') !== (version !== wish.version))
    problems.push(`runs version ${version}, asked for ${wish.version}, UpdatePending=${pending}`);
  if (subject.isImmediate && version !== wish.version)
    problems.push(`runs version ${version}, must run ${wish.version} at once`);
  return problems;
}

/** Units, files and processes that belong to no server that there is. */
function judgeLeftovers(model: Model, now: Facts): readonly Problem[] {
  const present = SUBJECTS.filter(({ name }) => fileOf(model.files, name).kind !== 'absent').map(({ name }) => name);
  const problems: Problem[] = [];
  const say = (text: string): void => {
    problems.push({ kind: 'unsettled', about: 'leftovers', text });
  };
  const units = new Set(SUBJECTS.map(({ name }) => unitOf(name)));
  for (const [unit, { state }] of now.units) if (!units.has(unit)) say(`nobody asked for ${unit}, it is ${state}`);
  for (const { pid, server } of now.processes) {
    if (!present.includes(server)) say(`process ${pid} of ${server}, which is no longer asked for`);
  }
  for (const [directory, count] of now.kept) {
    // Who is suspended needs neither memory of a run nor an environment.
    const isExact = directory.endsWith('/status') || directory.endsWith('/specs');
    const isRight = isExact ? count === present.length : count <= present.length;
    if (!isRight) say(`${directory} has ${count} files, there are ${present.length} servers`);
  }
  return problems;
}

function unitOf(name: string): string {
  return `hublet-${name}.service`;
}
