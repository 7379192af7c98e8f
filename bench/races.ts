import type { Machine } from '../test/machine/machine.ts';
import { spreadOf } from './numbers.ts';
import { runGuest, startController, stopController } from './subject.ts';
import type { Row } from './table.ts';

const CONTESTANTS = ['raw', 'hublet', 'loop'] as const;
type Contestant = (typeof CONTESTANTS)[number];

interface RaceReport {
  readonly seconds: number;
  /** Of the contestant's own processes; what systemd does is the same for all. */
  readonly cpuSeconds: number;
}

/** So many servers at once until all are active, each contestant in turn and alone on the machine. */
export async function measureRaces(
  machine: Machine,
  count: number,
  rounds: number,
  report: (line: string) => void,
): Promise<readonly Row[]> {
  const rates: Record<Contestant, number[]> = { raw: [], hublet: [], loop: [] };
  const cpuMs: Record<Contestant, number[]> = { raw: [], hublet: [], loop: [] };
  for (let round = 1; round <= rounds; round += 1) {
    for (const contestant of CONTESTANTS) {
      if (contestant === 'hublet') await startController(machine);
      const { seconds, cpuSeconds } = await runGuest<RaceReport>(machine, `race.ts ${contestant} ${count}`);
      if (contestant === 'hublet') await stopController(machine);
      rates[contestant].push(count / seconds);
      cpuMs[contestant].push((1000 * cpuSeconds) / count);
      report(
        `${count} at once, round ${round} of ${rounds}: ${contestant} ${(count / seconds).toFixed(1)}/s, ${((1000 * cpuSeconds) / count).toFixed(0)} ms CPU each`,
      );
    }
  }
  const [hublet, raw, loop] = [spreadOf(rates.hublet), spreadOf(rates.raw), spreadOf(rates.loop)];
  return [
    {
      what: `${count} at once, servers/s`,
      hublet,
      raw,
      loop,
      ratio: hublet.median / raw.median,
      target: { comparison: 'atLeast', value: 0.7, text: '0.7 x raw' },
    },
    {
      what: `${count} at once against the loop`,
      hublet,
      loop,
      ratio: hublet.median / loop.median,
      target: { comparison: 'moreThan', value: 1, text: '1 x loop' },
    },
    {
      what: `${count} at once, own CPU ms a server`,
      hublet: spreadOf(cpuMs.hublet),
      raw: spreadOf(cpuMs.raw),
      loop: spreadOf(cpuMs.loop),
    },
  ];
}
