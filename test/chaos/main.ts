/**
 * Chaos: random trouble for hublet and twenty servers on the machine for tests, drawn from a seed, until time is up; then and on the
 * way it looks whether everything is as the spec files say and nothing was lost on the way there. For people; docs/guides/chaos.md.
 */
import { boot } from '../machine/machine.ts';
import { summariseLog } from './log.ts';
import { type ChaosOptions, parseOptions, USAGE } from './options.ts';
import { prepareMachine } from './prepare.ts';
import { type Outcome, runChaos } from './run.ts';
import { describeTally } from './tally.ts';

function say(text: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

function readOptions(): ChaosOptions | 'help' {
  try {
    return parseOptions(process.argv.slice(2), Math.floor(Math.random() * 2 ** 31));
  } catch (err) {
    process.stderr.write(`${(err as Error).message}\n${USAGE}\n`);
    process.exit(2);
  }
}

async function main(options: ChaosOptions): Promise<number> {
  const startedMs = performance.now();
  say(`seed ${options.seed}, ${options.kinds.join(', ')}`);
  await using machine = await boot();
  await prepareMachine(machine);
  const outcome = await runChaos(machine, options, say);
  report(outcome, (performance.now() - startedMs) / 60_000);
  return outcome.failure === undefined ? 0 : 1;
}

function report({ tally, memoryBytes, log, failure }: Outcome, minutes: number): void {
  say(`${describeTally(tally)}, ${minutes.toFixed(1)} minutes`);
  say(
    `memory of the controller at each look, MiB: ${memoryBytes.map((bytes) => Math.round(bytes / 2 ** 20)).join(' ')}`,
  );
  for (const [text, count] of summariseLog(log)) say(`logged ${count} times ${text}`);
  for (const { kind, about, text } of failure?.problems ?? []) say(`${kind}: ${about}: ${text}`);
  say(failure === undefined ? 'all well' : `again: npm run chaos -- ${failure.replay}`);
}

const options = readOptions();
if (options === 'help') process.stdout.write(`${USAGE}\n`);
else process.exitCode = await main(options);
