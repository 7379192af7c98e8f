import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CONDITIONS, EVENTS } from '../../../src/status/reasons.ts';

const root = join(import.meta.dirname, '../../../src');
/** Rooms that read statuses others wrote, and the table itself. */
const READERS = /^(?:cli|page)\/|^status\/reasons\.ts$/;

/** Lines of code without comments, of all that may give a reason. */
const lines = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !READERS.test(file))
  .flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .replaceAll(/\/\*[\s\S]*?\*\//g, '')
      .split('\n'),
  )
  .map((line) => line.replace(/(^|\s)\/\/.*$/, ''))
  // A type says what may be, a comparison what was.
  .filter((line) => !/^\s*(?:export )?type |^\s*\||^\s*readonly /.test(line));

/** Whether some line gives the reason, beyond asking whether it is the one. */
function isGiven(reason: string, isGiving: (line: string) => boolean): boolean {
  return lines.some(
    (line) => line.replaceAll(new RegExp(`[!=]== '${reason}'`, 'g'), '').includes(`'${reason}'`) && isGiving(line),
  );
}

/** For fields of the contract that a version does not have yet; there are none now. */
const RESERVED: ReadonlySet<string> = new Set(['NotInThisVersion']);

it('every reason of a condition is given somewhere', () => {
  const missing = Object.entries(CONDITIONS).flatMap(([type, reasons]) =>
    reasons
      .filter((reason) => !RESERVED.has(reason) && !isGiven(reason, () => true))
      .map((reason) => `${type}/${reason}`),
  );
  expect(missing).toEqual([]);
});

it('every condition is made somewhere', () => {
  expect(Object.keys(CONDITIONS).filter((type) => !isGiven(type, () => true))).toEqual([]);
});

it('every event is recorded somewhere', () => {
  // By an event log, by a helper called record or tell, or as the reason that such a line takes.
  const isRecorded = (line: string) => /record\(|reason|Stopped/.test(line);
  expect(Object.keys(EVENTS).filter((reason) => !isGiven(reason, isRecorded))).toEqual([]);
});
