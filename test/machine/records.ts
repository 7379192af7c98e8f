import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runDirectory } from './places.ts';
import { end, isAlive, type ProcessIdentity } from './process.ts';

/** What is written down of a running machine, in `machine.json` of its directory. */
export interface MachineRecord {
  readonly name: string;
  readonly directory: string;
  readonly qemu: ProcessIdentity;
  /** The process it ends with; absent for a machine that a person started and will take down. */
  readonly owner?: ProcessIdentity;
  /** On 127.0.0.1. */
  readonly sshPort: number;
  readonly keyFile: string;
  /** Directory of the saved state it runs from, which must not be removed meanwhile. */
  readonly stateDirectory: string;
  /** RFC 3339. */
  readonly startedAt: string;
}

const namePattern = /^[a-z0-9][a-z0-9-]{0,19}$/;
const longestStartMs = 600_000;

/** Directory of a machine of that name. */
export function directoryOf(name: string): string {
  if (!namePattern.test(name)) throw new Error(`${name} is no machine name: use 1-20 of a-z, 0-9 and -`);
  return join(runDirectory(), name);
}

/** Written aside and renamed: other processes read records at any moment. */
export function writeRecord(record: MachineRecord): void {
  const file = join(record.directory, 'machine.json');
  writeFileSync(`${file}.new`, JSON.stringify(record));
  renameSync(`${file}.new`, file);
}

/** The record of that machine; absent when there is none, whether it lives or not. */
export function readRecord(name: string): MachineRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(directoryOf(name), 'machine.json'), 'utf8')) as MachineRecord;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw err;
  }
}

function namesOfDirectories(): readonly string[] {
  return readdirSync(runDirectory()).filter((name) => namePattern.test(name));
}

/** All machines on record of this user that live, oldest first. */
export function livingMachines(): readonly MachineRecord[] {
  return namesOfDirectories()
    .map(readRecord)
    .filter((record) => record !== undefined)
    .filter((record) => isAlive(record.qemu))
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}

/**
 * Ends machines whose owner is gone and forgets those that died; returns the names of the ended ones.
 * Only processes on record are touched, and only while number and start time are the recorded ones.
 */
export async function endLeftovers(): Promise<readonly string[]> {
  const ended: string[] = [];
  for (const name of namesOfDirectories()) {
    const record = readRecord(name);
    if (record === undefined) {
      // Either just being started, or its start failed long ago.
      const directory = directoryOf(name);
      if (Date.now() - (statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? 0) > longestStartMs) {
        rmSync(directory, { recursive: true, force: true });
      }
      continue;
    }
    const lives = isAlive(record.qemu);
    if (lives && (record.owner === undefined || isAlive(record.owner))) continue;
    if (lives) {
      await end(record.qemu);
      ended.push(name);
    }
    rmSync(record.directory, { recursive: true, force: true });
  }
  return ended;
}
