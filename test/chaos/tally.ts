import type { Facts } from './facts.ts';
import { isKept } from './judge.ts';
import type { Model } from './model.ts';
import { SUBJECTS } from './servers.ts';
import type { Step } from './steps.ts';

/** What a run did so far, in numbers. */
export interface Tally {
  readonly steps: number;
  /** Changes of spec files. */
  readonly edits: number;
  readonly kills: number;
  /** Of those, how many came after the controller had said that it is ready. */
  readonly killsAtWork: number;
  /** Ends of the controller by SIGKILL that systemd saw. */
  readonly ends: number;
  readonly looks: number;
  /** Runs that systemd's journal has. */
  readonly runs: number;
  /** Comparisons of a server's InvocationID with the one at the look before, where no other run was asked for or none has begun. */
  readonly compared: number;
}

export const NO_TALLY: Tally = {
  ...{ steps: 0, edits: 0, kills: 0, killsAtWork: 0 },
  ...{ ends: 0, looks: 0, runs: 0, compared: 0 },
};

const EDITS: ReadonlySet<Step['action']['kind']> = new Set([
  ...(['write', 'spoil', 'truncate', 'touch', 'delete', 'rename and back'] as const),
]);

/** The tally after a step. */
export function withStep(tally: Tally, { action }: Step): Tally {
  const isKill = action.kind === 'kill controller';
  return {
    ...tally,
    steps: tally.steps + 1,
    edits: tally.edits + (EDITS.has(action.kind) ? 1 : 0),
    kills: tally.kills + (isKill ? 1 : 0),
    killsAtWork: tally.killsAtWork + (isKill && action.when === 'at work' ? 1 : 0),
  };
}

/** The tally after a look. @param before facts of the look before */
export function withLook(tally: Tally, model: Model, before: Facts, now: Facts): Tally {
  const compared = SUBJECTS.filter(({ name }) => isKept(model, before, now, name));
  return {
    ...tally,
    looks: tally.looks + 1,
    ends: tally.ends + now.ends.filter((row) => /status=9\/KILL/.test(row)).length,
    runs: tally.runs + [...now.starts.values()].reduce((sum, count) => sum + count, 0),
    compared: tally.compared + compared.length,
  };
}

/** In words, for people. */
export function describeTally(tally: Tally): string {
  const { steps, edits, kills, killsAtWork, ends, looks, runs, compared } = tally;
  return `${steps} steps, ${edits} edits, ${kills} kills of the controller (${killsAtWork} at work; systemd saw ${ends}), ${looks} looks, ${runs} runs begun, ${compared} invocations compared`;
}
