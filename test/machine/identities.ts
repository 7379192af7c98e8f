// Which runs are up in a machine, by systemd's own word: what must stay the same while things around the servers go wrong.
import { expect } from 'vitest';
import type { Machine } from './machine.ts';

/** One run of a unit: as long as both are the same, nobody stopped it. */
export interface Identity {
  readonly invocationId: string;
  readonly mainPid: number;
}

/** Runs of all servers that are up, by unit name; in the order of the names. */
export async function readIdentities(machine: Machine): Promise<Readonly<Record<string, Identity>>> {
  const text = await machine.run("systemctl show 'hublet-*.service' -p Id,ActiveState,InvocationID,MainPID");
  const units = text.split('\n\n').map((part) => Object.fromEntries(part.split('\n').map(toPair)));
  const up = units.filter(({ ActiveState, Id }) => ActiveState === 'active' && Id !== undefined);
  const rows = up.map(({ Id = '', InvocationID = '', MainPID }): [string, Identity] => [
    Id,
    { invocationId: InvocationID, mainPid: Number(MainPID) },
  ]);
  return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Runs `disturb` and expects that every server that was up before is up after it, as the very same run. */
export async function expectUndisturbed(
  machine: Machine,
  disturb: (before: Readonly<Record<string, Identity>>) => Promise<unknown>,
): Promise<void> {
  const before = await readIdentities(machine);
  expect(Object.keys(before)).not.toEqual([]);
  await disturb(before);
  expect(await readIdentities(machine)).toMatchObject(before);
}

/** How many runs of a unit PID 1 has started in this boot, however they ended. */
export async function countRuns(machine: Machine, unit: string): Promise<number> {
  const text = await machine.run(
    `journalctl -b -q -o json --output-fields=INVOCATION_ID _PID=1 UNIT=${unit} JOB_TYPE=start MESSAGE_ID=39f53479d3a045ac8e11786248231fbf`,
  );
  return text.split('\n').filter((line) => line !== '').length;
}

function toPair(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}
