import { type Files, fileOf, filesAfter } from './files.ts';
import { SUBJECTS, subjectOf } from './servers.ts';
import type { Action, Step, Wish } from './steps.ts';

/** What may be true of one server, because what was done since the last look allows it. */
export interface Allowance {
  /** Specs that may be the last good one: where one was spoilt soon after it was written, nobody may have read it. */
  readonly goods: readonly Wish[];
  /** How many runs may have begun at most. */
  readonly runs: number;
  /** How often a new spec may have been taken at most: each is one generation. */
  readonly generations: number;
}

/** What must be and what may be: all that a look at the machine is judged by. */
export interface Model {
  readonly files: Files;
  readonly allowances: ReadonlyMap<string, Allowance>;
  /** Kinds of actions since the last look. */
  readonly done: ReadonlySet<Action['kind']>;
}

/** The model right after everything was found to be as these files say, and before anything else was done. */
export function settledModel(files: Files): Model {
  const allowances = SUBJECTS.map(({ name }): [string, Allowance] => {
    const { kind, last } = fileOf(files, name);
    return [name, { goods: kind === 'absent' ? [] : [last], runs: 0, generations: 0 }];
  });
  return { files, allowances: new Map(allowances), done: new Set() };
}

/** The model after these servers were found to go by these specs, and everything else as it should be. */
export function collapsedModel(model: Model, found: ReadonlyMap<string, Wish>): Model {
  const settled = settledModel(model.files);
  const allowances = [...settled.allowances].map(([name, allowance]): [string, Allowance] => {
    const wish = found.get(name);
    return [name, { ...allowance, goods: wish === undefined ? [] : [wish] }];
  });
  return { ...settled, allowances: new Map(allowances) };
}

/** The model after a step. */
export function modelAfter(model: Model, step: Step): Model {
  const files = filesAfter(model.files, step);
  const done = new Set([...model.done, step.action.kind]);
  const { action } = step;
  if (!('name' in action)) return { ...model, files, done };
  const before = allowanceOf(model, action.name);
  const after: Allowance = {
    goods: action.kind === 'write' ? [...before.goods, action.wish] : before.goods,
    runs: before.runs + runsBy(action, model.files),
    generations: before.generations + (action.kind === 'write' ? 1 : 0),
  };
  return { files, done, allowances: new Map([...model.allowances, [action.name, after]]) };
}

/** What may be true of that server. @throws where there is none */
export function allowanceOf(model: Model, name: string): Allowance {
  const allowance = model.allowances.get(name);
  if (allowance === undefined) throw new Error(`no server ${name}`);
  return allowance;
}

/** How many runs that asks for, at most. Everything that isn't named here asks for none. */
function runsBy(action: Action, files: Files): number {
  switch (action.kind) {
    case 'kill server':
    case 'stop server':
      return 1;
    case 'rename and back':
      // Back within a second it was never gone; but the machine may be slow.
      return fileOf(files, action.name).kind === 'absent' ? 0 : 1;
    case 'write': {
      const { kind, last } = fileOf(files, action.name);
      const { wish } = action;
      const isNew = kind === 'absent';
      const isResumed = last.isSuspended && !wish.isSuspended;
      const isRestarted = wish.restartedAt > last.restartedAt;
      const isReplaced = subjectOf(action.name).isImmediate && wish.version !== last.version;
      return isNew || isResumed || isRestarted || isReplaced ? 1 : 0;
    }
    default:
      return 0;
  }
}
