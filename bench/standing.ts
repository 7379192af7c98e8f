/** What hublet costs while nothing happens. */
import type { Machine } from '../test/machine/machine.ts';
import type { UsageReport } from './guest/usage.ts';
import { type Spread, spreadOf } from './numbers.ts';
import { configure, runGuest, startController, stopController } from './subject.ts';
import type { Row } from './table.ts';

const RESYNC_SECONDS = 5;
/** More than what a start leaves to do: compiling, gathering, the first sampling of usage. */
const SETTLE_SECONDS = 10;
const LISTING = 'ListUnitsByPatterns';
/** The link asks the bus whether it lives: nothing of a resync. */
const PING = 'GetId';

/** CPU and memory with no server and with `count`, then what each resync of these costs. */
export async function measureStanding(machine: Machine, count: number, seconds: number): Promise<readonly Row[]> {
  await startController(machine);
  const empty = await usage(machine, seconds);
  await runGuest(machine, `race.ts hublet ${count} --keep`);
  const full = await usage(machine, seconds);
  await configure(machine, { resyncSeconds: RESYNC_SECONDS });
  await stopController(machine);
  await startController(machine);
  const resyncing = await usage(machine, seconds);
  await configure(machine, {});

  const resyncs = resyncing.calls[LISTING] ?? 0;
  const calls = Object.entries(resyncing.calls).filter(([method]) => method !== PING);
  const callCount = calls.reduce((sum, [, number]) => sum + number, 0);
  const idleCpu = (full.cpuSeconds / full.seconds) * resyncing.seconds;
  return [
    {
      what: `resync of ${count} unchanged, D-Bus calls`,
      hublet: one(callCount / resyncs),
      target: { comparison: 'atMost', value: 1, text: '1 call' },
    },
    {
      what: `resync of ${count} unchanged, CPU ms`,
      hublet: one((1000 * (resyncing.cpuSeconds - idleCpu)) / resyncs),
    },
    { what: 'idle with 0, % of a processor', hublet: one(percent(empty)) },
    { what: `idle with ${count}, % of a processor`, hublet: one(percent(full)) },
    { what: 'memory with 0, MiB', hublet: one(empty.rssBytes / 2 ** 20) },
    { what: `memory with ${count}, MiB`, hublet: one(full.rssBytes / 2 ** 20) },
  ];
}

async function usage(machine: Machine, seconds: number): Promise<UsageReport> {
  await machine.run(`sleep ${SETTLE_SECONDS}`);
  return runGuest<UsageReport>(machine, `usage.ts ${seconds}`);
}

function percent({ cpuSeconds, seconds }: UsageReport): number {
  return (100 * cpuSeconds) / seconds;
}

function one(value: number): Spread {
  return spreadOf([value]);
}
