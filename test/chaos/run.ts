import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from '../machine/machine.ts';
import { drawSteps } from './draw.ts';
import { type Facts, lookAt } from './facts.ts';
import { filesAfter, firstFiles, mendedFiles } from './files.ts';
import { judge, type Problem, type Verdict } from './judge.ts';
import { judgeLog } from './log.ts';
import { collapsedModel, type Model, modelAfter, settledModel } from './model.ts';
import { type ChaosOptions, replayArguments } from './options.ts';
import { filesScript, scriptOf } from './script.ts';
import { SUBJECTS } from './servers.ts';
import { describeStep, type Step } from './steps.ts';

/** How long everything may take to come right once nothing disturbs it. */
const PATIENCE_MS = 300_000;
/** More than this a controller of twenty servers never needs. */
const MOST_MEMORY_BYTES = 256 * 2 ** 20;

/** What a run did. */
export interface Outcome {
  readonly steps: number;
  readonly kills: number;
  readonly looks: number;
  readonly runs: number;
  readonly memoryBytes: readonly number[];
  readonly log: readonly string[];
  /** Absent: all was well. */
  readonly failure?: { readonly problems: readonly Problem[]; readonly replay: string };
}

/**
 * Makes chaos in a machine that is prepared, and looks every so many steps whether all is well; ends at the first look that it isn't.
 * @param say told each step with its number, and each look
 * @throws where the machine itself fails
 */
export async function runChaos(machine: Machine, options: ChaosOptions, say: (text: string) => void): Promise<Outcome> {
  const { end, every } = options;
  const startedMs = performance.now();
  const drawn = drawSteps(options.seed, options.kinds);
  let files = firstFiles();
  let number = 0;
  if (end.kind === 'steps') {
    for (; number < end.first - 1; number += 1) files = filesAfter(files, drawn.next().value);
  }
  files = mendedFiles(files);
  let facts = await lookAt(machine, '');
  await machine.run('bash -s', { input: filesScript(files) });
  let model = settledModel(files);
  let first = await settle(machine, startModel(model), facts, say);
  let [kills, looks, runs] = [0, 1, 0];
  const memoryBytes: number[] = [];
  const log: string[] = [];
  const outcome = (): Outcome => ({ steps: number, kills, looks, runs, memoryBytes, log });
  const isOver = (): boolean => {
    if (end.kind === 'minutes') return performance.now() - startedMs > end.minutes * 60_000;
    return end.kind === 'kills' ? kills >= end.kills : number >= end.last;
  };
  const failed = (problems: readonly Problem[], from: number): Outcome => {
    return { ...outcome(), failure: { problems, replay: replayArguments(options, from, Math.max(from, number)) } };
  };
  log.push(...first.facts.log);
  if (first.problems.length > 0) return failed(first.problems, 1);
  while (!isOver()) {
    const batch: Step[] = [];
    const from = number + 1;
    while (batch.length < every && !(end.kind !== 'minutes' && isOver())) {
      const step = drawn.next().value;
      batch.push(step);
      number = step.number;
      model = modelAfter(model, step);
      if (step.action.kind === 'kill controller') kills += 1;
    }
    facts = first.facts;
    await carryOut(machine, batch, say);
    first = await settle(machine, model, facts, say);
    looks += 1;
    runs += [...first.facts.starts.values()].reduce((sum, count) => sum + count, 0);
    log.push(...first.facts.log);
    memoryBytes.push(first.facts.controller.memoryBytes);
    if (first.problems.length > 0) return failed(first.problems, from);
    model = collapsedModel(model, first.found);
  }
  return outcome();
}

/** Before the first step every server may have begun once, and taken one spec. */
function startModel(model: Model): Model {
  const allowances = [...model.allowances].map(
    ([name, allowance]) => [name, { ...allowance, runs: 1, generations: 1 }] as const,
  );
  return { ...model, allowances: new Map(allowances) };
}

/** Has the machine do these steps, and tells each when its turn comes. */
async function carryOut(machine: Machine, steps: readonly Step[], say: (text: string) => void): Promise<void> {
  const words = new Map(steps.map((step) => [`${step.number}`, describeStep(step)]));
  await machine.writeFile('/srv/steps.sh', scriptOf(steps));
  await using process = await machine.spawn('bash /srv/steps.sh 2>&1');
  for await (const line of process.lines) {
    const [, number, uptime] = /^@(\d+) ([\d.]+)$/.exec(line) ?? [];
    if (line === '@end') return;
    say(number === undefined ? `       ${line}` : `${number.padStart(6)} ${words.get(number)} (${uptime} s)`);
  }
  throw new Error('the steps ended before their time');
}

/** Looks again and again until all is well, something is wrong for good, or patience is at its end. */
async function settle(
  machine: Machine,
  model: Model,
  before: Facts,
  say: (text: string) => void,
): Promise<Verdict & { readonly facts: Facts }> {
  const startedMs = performance.now();
  let last: (Verdict & { readonly facts: Facts }) | undefined;
  const isDecided = ({ problems }: Verdict): boolean =>
    problems.length === 0 || problems.some(({ kind }) => kind === 'wrong');
  for (;;) {
    const facts = await lookAt(machine, before.cursor);
    const verdict = judge(model, before, facts);
    const problems = [...verdict.problems, ...judgeLog(model, facts.log, facts.ends), ...memoryProblems(facts)];
    last = { ...verdict, problems, facts };
    if (isDecided(last) || performance.now() - startedMs > PATIENCE_MS) break;
    await sleep(1_000);
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  const memory = (last.facts.controller.memoryBytes / 2 ** 20).toFixed(0);
  const starts = [...last.facts.starts.values()].reduce((sum, count) => sum + count, 0);
  say(
    `  look ${last.problems.length === 0 ? 'all well' : 'NOT WELL'} after ${seconds} s: ${last.facts.units.size} of ${SUBJECTS.length} servers up, ${starts} runs begun, controller ${memory} MiB`,
  );
  return last;
}

function memoryProblems({ controller }: Facts): readonly Problem[] {
  if (controller.memoryBytes < MOST_MEMORY_BYTES) return [];
  return [{ kind: 'wrong', about: 'controller', text: `takes ${controller.memoryBytes} bytes` }];
}
