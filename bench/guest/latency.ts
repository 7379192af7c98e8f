/**
 * Runs in the machine beside a running controller: `latency.ts PAIRS`. One raw start, one dropped spec, and so on;
 * prints as JSON how many milliseconds each took until its unit was active.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contestant, openContestant } from './contestants.ts';
import { activeTimes, monotonicMs } from './units.ts';

const WARM_UP = 5;
/** So that what the last start left to do is done. */
const PAUSE_MS = 1_500;

const pairs = Number(process.argv[2]);
const controller = execFileSync('systemctl', ['show', '--property=MainPID', '--value', 'hublet.service'], {
  encoding: 'utf8',
}).trim();
const hublet = await openContestant('hublet');
const raw = await openContestant('raw');
const times: { readonly hublet: number[]; readonly raw: number[] } = { hublet: [], raw: [] };

for (let pair = 0; pair < WARM_UP + pairs; pair += 1) {
  // Stopped meanwhile, or it would hear of every raw start and take a processor for that.
  process.kill(Number(controller), 'SIGSTOP');
  const rawMs = await start(raw, `one${pair}`);
  process.kill(Number(controller), 'SIGCONT');
  await sleep(PAUSE_MS);
  const hubletMs = await start(hublet, `one${pair}`);
  await sleep(PAUSE_MS);
  if (pair < WARM_UP) continue;
  times.raw.push(rawMs);
  times.hublet.push(hubletMs);
}
process.stdout.write(`${JSON.stringify(times)}\n`);
await raw.clean();
await hublet.clean();
raw.close();

async function start(contestant: Contestant, name: string): Promise<number> {
  const go = contestant.prepare([name]);
  const startMs = monotonicMs();
  await go();
  const unit = contestant.unitOf(name);
  return ((await activeTimes([unit])).get(unit) ?? Number.NaN) - startMs;
}
