/** Whether a controller needs more the longer it works: starts and stops by the thousand, on a fake systemd and a real bus. */
import { Endurance, type EnduranceMeasures } from '../test/fakes/endurance.ts';
import type { Report } from '../test/machine/places.ts';
import type { Row } from './table.ts';

const SERVERS = 100;
const ROUNDS_BETWEEN = 10;
/** Until then compiled code, the heap's generations and the tables of names find their size. */
const WARM_CYCLES = 2_000;
const MEBIBYTE = 2 ** 20;

/** Memory, bus and files after that many starts and stops, each against what they were once all was warm. */
export async function measureEndurance(cycles: number, report: Report): Promise<readonly Row[]> {
  const endurance = await Endurance.open(SERVERS);
  try {
    let warm: EnduranceMeasures | undefined;
    let last = await endurance.measure();
    while (last.cycles < Math.max(cycles, WARM_CYCLES + SERVERS)) {
      await endurance.cycle(ROUNDS_BETWEEN);
      last = await endurance.measure();
      if (last.cycles >= WARM_CYCLES) warm ??= last;
      report(`endurance: ${JSON.stringify(last)}`);
    }
    const first = warm ?? last;
    return [
      row(`RSS after ${last.cycles} starts and stops, MiB`, last.rssBytes / MEBIBYTE, first.rssBytes / MEBIBYTE, 1.1),
      row('heap in use, MiB', last.heapBytes / MEBIBYTE, first.heapBytes / MEBIBYTE, 1.1),
      row('match rules on the bus', last.matchRules, first.matchRules, 1),
      row('files below the runtime directory', last.files, first.files, 1),
    ];
  } finally {
    await endurance.close();
  }
}

function row(what: string, now: number, before: number, atMost: number): Row {
  const spread = { median: now, min: now, max: now };
  const text = `${atMost} x that after ${WARM_CYCLES}`;
  return { what, hublet: spread, ratio: now / before, target: { comparison: 'atMost', value: atMost, text } };
}
