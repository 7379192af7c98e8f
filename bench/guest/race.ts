/**
 * Runs in the machine: `race.ts CONTESTANT COUNT`. Starts so many servers at once and prints, as JSON, how long it took
 * until the last was active and what CPU time the contestant's own processes used for it, after a warm-up that each contestant gets.
 */
import { type ContestantName, openContestant } from './contestants.ts';
import { activeTimes, monotonicMs } from './units.ts';

const WARM_UP = 16;

const [, , contestantName, count] = process.argv;
const contestant = await openContestant(contestantName as ContestantName);
await race(names('w', WARM_UP));
const cpuBefore = contestant.cpuSeconds();
const seconds = await race(names('s', Number(count)));
const cpuSeconds = contestant.cpuSeconds() - cpuBefore;
process.stdout.write(`${JSON.stringify({ seconds, cpuSeconds })}\n`);
if (!process.argv.includes('--keep')) await contestant.clean();
contestant.close();

/** Seconds from the first request to the last unit's becoming active. */
async function race(servers: readonly string[]): Promise<number> {
  const start = contestant.prepare(servers);
  const startMs = monotonicMs();
  await start();
  const times = await activeTimes(servers.map((name) => contestant.unitOf(name)));
  return (Math.max(...times.values()) - startMs) / 1000;
}

function names(prefix: string, size: number): readonly string[] {
  return Array.from({ length: size }, (_, index) => `${prefix}${index}`);
}
