import { formatSeconds, type Screen } from './screen.ts';

/** One thing to see. */
export interface Step<Stage> {
  readonly title: string;
  /** What helps a person when it is not seen. */
  readonly hint: string;
  /** Shows it and checks it; returns what was seen, in one line. @throws saying what is otherwise */
  run(stage: Stage): Promise<string>;
}

export interface Outcome {
  /** Whether every step was seen. */
  readonly isComplete: boolean;
  /** Of all steps, milliseconds. */
  readonly durationMs: number;
}

const SILENCE_MS = 1_000;

/** Shows the steps one after another, up to the first that is not as it claims to be. */
export async function runSteps<Stage>(
  steps: readonly Step<Stage>[],
  stage: Stage,
  screen: Screen,
  nowMs: () => number = () => performance.now(),
): Promise<Outcome> {
  const startedMs = nowMs();
  for (const [index, step] of steps.entries()) {
    screen.step(index + 1, steps.length, step.title);
    const stepStartedMs = nowMs();
    const ticker = setInterval(() => screen.tick(nowMs() - stepStartedMs), SILENCE_MS);
    try {
      screen.seen(await step.run(stage), nowMs() - stepStartedMs);
    } catch (err) {
      screen.failed(err instanceof Error ? err.message : String(err), step.hint);
      return { isComplete: false, durationMs: nowMs() - startedMs };
    } finally {
      clearInterval(ticker);
    }
  }
  return { isComplete: true, durationMs: nowMs() - startedMs };
}

/** The last line: how much was seen, and how long it took. */
export function summarise(outcome: Outcome, stepCount: number): string {
  const time = formatSeconds(outcome.durationMs);
  return outcome.isComplete ? `All ${stepCount} steps seen in ${time}.` : `Not all was seen; ended after ${time}.`;
}
