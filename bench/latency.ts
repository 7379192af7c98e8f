import type { Machine } from '../test/machine/machine.ts';
import { spreadOf } from './numbers.ts';
import { runGuest, startController, stopController } from './subject.ts';
import type { Row } from './table.ts';

/** One server: from the request to its being active, the two contestants taking turns. */
export async function measureLatency(machine: Machine, pairs: number): Promise<readonly Row[]> {
  await startController(machine);
  const times = await runGuest<{ readonly hublet: readonly number[]; readonly raw: readonly number[] }>(
    machine,
    `latency.ts ${pairs}`,
  );
  await stopController(machine);
  const [hublet, raw] = [spreadOf(times.hublet), spreadOf(times.raw)];
  return [
    {
      what: 'one to active, ms',
      hublet,
      raw,
      ratio: hublet.median / raw.median,
      target: { comparison: 'atMost', value: 1.5, text: '1.5 x raw' },
    },
  ];
}
