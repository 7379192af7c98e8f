import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openClockMemory } from '../../../src/store/clockOffset.ts';
import { FakeLog } from '../../fakes/log.ts';

let runtimeDirectory: string;
let log: FakeLog;
const open = (bootId = 'this') => openClockMemory({ runtimeDirectory, bootId, log });

beforeEach(() => {
  runtimeDirectory = mkdtempSync(join(tmpdir(), 'hublet-clock-'));
  log = new FakeLog();
});

afterEach(() => {
  rmSync(runtimeDirectory, { recursive: true, force: true });
});

it('is known to the next controller of the same boot', () => {
  expect(open().read()).toBeUndefined();
  open().write(12.5);
  expect(open().read()).toBe(12.5);
  expect(open('another').read()).toBeUndefined();
});

it.each(['', '{', 'null', '[]', '{"bootId":"this","offsetMs":"1"}'])('is not known from %j', (text) => {
  writeFileSync(join(runtimeDirectory, 'clock.json'), text);
  expect(open().read()).toBeUndefined();
});

it('that can not be written is told of, and nothing fails', () => {
  rmSync(runtimeDirectory, { recursive: true });
  open().write(1);
  expect(log.complaints()).toHaveLength(1);
});
