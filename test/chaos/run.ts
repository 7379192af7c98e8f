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
import { describeTally, NO_TALLY, type Tally, withLook, withStep } from './tally.ts';

/** How long everything may take to come right once nothing disturbs it. */
const PATIENCE_MS = 300_000;
/** More than this a controller of twenty servers never needs. */
const MOST_MEMORY_BYTES = 256 * 2 ** 20;

/** What a run did. */
export interface Outcome {
  readonly tally: Tally;
  readonly memoryBytes: readonly number[];
  readonly log: readonly string[];
  /** Absent: all was well. */
  readonly failure?: { readonly problems: readonly Problem[]; readonly replay: string };
}

/**
 * Makes chaos in a machine that is prepared, and looks every so many steps whether all is well; ends at the first look that finds a
 * server otherwise than it must be. What the controller logged or died of that it should not have fails it too, but at its end.
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
  let tally = NO_TALLY;
  const memoryBytes: number[] = [];
  const log: string[] = [];
  const outcome = (): Outcome => ({ tally, memoryBytes, log, ...(failure && { failure }) });
  const isOver = (): boolean => {
    if (end.kind === 'minutes') return performance.now() - startedMs > end.minutes * 60_000;
    return end.kind === 'kills' ? tally.kills >= end.kills : number >= end.last;
  };
  let failure: Outcome['failure'];
  const fail = (problems: readonly Problem[], from: number): void => {
    if (problems.length === 0) return;
    const replay = failure?.replay ?? replayArguments(options, from, Math.max(from, number));
    failure = { problems: [...(failure?.problems ?? []), ...problems], replay };
  };
  log.push(...first.facts.log);
  fail(first.problems, 1);
  if (!isSettled(first)) return outcome();
  while (!isOver()) {
    const batch: Step[] = [];
    const from = number + 1;
    while (batch.length < every && !(end.kind !== 'minutes' && isOver())) {
      const step = drawn.next().value;
      batch.push(step);
      number = step.number;
      model = modelAfter(model, step);
      tally = withStep(tally, step);
    }
    facts = first.facts;
    await carryOut(machine, batch, say);
    first = await settle(machine, model, facts, say);
    tally = withLook(tally, model, facts, first.facts);
    say(`  so far ${describeTally(tally)}`);
    log.push(...first.facts.log);
    memoryBytes.push(first.facts.controller.memoryBytes);
    fail(first.problems, from);
    if (!isSettled(first)) return outcome();
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
  const isDecided = (verdict: Verdict): boolean =>
    isSettled(verdict) || verdict.problems.some((problem) => problem.kind === 'wrong' && !isPast(problem));
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
  for (const { kind, about, text } of last.problems) say(`    ${kind}: ${about}: ${text}`);
  return last;
}

/** Whether nothing is otherwise than it must be now. */
function isSettled({ problems }: Verdict): boolean {
  return problems.every(isPast);
}

/** Whether it was wrong, but says nothing of how servers are: what follows is worth seeing all the same. */
function isPast({ kind, about }: Problem): boolean {
  return kind === 'wrong' && (about === 'log' || about === 'controller');
}

function memoryProblems({ controller }: Facts): readonly Problem[] {
  if (controller.memoryBytes < MOST_MEMORY_BYTES) return [];
  return [{ kind: 'wrong', about: 'controller', text: `takes ${controller.memoryBytes} bytes` }];
}
