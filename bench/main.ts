/**
 * How fast hublet is beside the two other ways to start the same servers, on the machine for tests: raw D-Bus calls, and a
 * loop of systemd-run. Only ratios from one run mean anything; bare times there are ten times those of a real computer.
 */
import { parseArgs } from 'node:util';
import { boot } from '../test/machine/machine.ts';
import { report } from '../test/machine/places.ts';
import { measureCompile } from './compile.ts';
import { measureEndurance } from './endurance.ts';
import { measureLatency } from './latency.ts';
import { measureMetrics } from './metrics.ts';
import { measureRaces } from './races.ts';
import { measureScrapes } from './scrapes.ts';
import { measureStanding } from './standing.ts';
import { installSubject } from './subject.ts';
import { formatTable, isMet, type Row } from './table.ts';

const usage = `usage: npm run bench -- [OPTIONS]

  --only compile,metrics,scrapes,latency,races,standing   what to measure; all of these by default, and endurance
                                  only where it is named: minutes of starts and stops on a fake systemd
  --base COMMIT                   what compiling is compared with; by default the commit before
  --counts 50,200                 servers at once in the races; the last is also how many stand by
  --rounds 3                      races of each contestant
  --cycles 10000                  starts and stops of endurance
  --pairs 20                      single starts of each contestant, and of compiling
  --seconds 60                    how long idleness is watched (of a thousand servers 300 at least), and a thousand are scraped
  --strict                        exit code 1 where a target is missed`;

function readArguments() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string', default: 'compile,metrics,scrapes,latency,races,standing' },
        base: { type: 'string' },
        counts: { type: 'string', default: '50,200' },
        rounds: { type: 'string', default: '3' },
        cycles: { type: 'string', default: '10000' },
        pairs: { type: 'string', default: '20' },
        seconds: { type: 'string', default: '60' },
        strict: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (err) {
    process.stderr.write(`${(err as Error).message}\n${usage}\n`);
    process.exit(2);
  }
}

async function main(options: ReturnType<typeof readArguments>): Promise<number> {
  const only = new Set(options.only.split(','));
  const counts = options.counts.split(',').map(Number);
  const rows: Row[] = [];
  if (only.has('compile')) rows.push(...(await measureCompile(Number(options.pairs), options.base)));
  if (only.has('metrics')) rows.push(...(await measureMetrics(Number(options.seconds))));
  if (only.has('scrapes')) rows.push(...(await measureScrapes(counts.at(-1) ?? 0, Number(options.pairs))));
  if (only.has('endurance')) rows.push(...(await measureEndurance(Number(options.cycles), report)));
  if (['latency', 'races', 'standing'].some((part) => only.has(part)))
    rows.push(...(await measureOnMachine(options, only, counts)));
  process.stdout.write(formatTable(rows));
  return options.strict && rows.some((row) => isMet(row) === false) ? 1 : 0;
}

async function measureOnMachine(
  options: ReturnType<typeof readArguments>,
  only: ReadonlySet<string>,
  counts: readonly number[],
): Promise<readonly Row[]> {
  await using machine = await boot();
  await installSubject(machine);
  const rows: Row[] = [];
  if (only.has('latency')) rows.push(...(await measureLatency(machine, Number(options.pairs))));
  for (const count of only.has('races') ? counts : []) {
    rows.push(...(await measureRaces(machine, count, Number(options.rounds), report)));
  }
  if (only.has('standing')) {
    rows.push(...(await measureStanding(machine, counts.at(-1) ?? 0, Number(options.seconds))));
  }
  return rows;
}

const options = readArguments();
if (options.help) process.stdout.write(`${usage}\n`);
else process.exitCode = await main(options);
