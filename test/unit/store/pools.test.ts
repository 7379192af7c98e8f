import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPoolStore } from '../../../src/store/pools.ts';
import { FakeLog } from '../../fakes/log.ts';

let runtimeDirectory: string;
let log: FakeLog;

beforeEach(() => {
  runtimeDirectory = mkdtempSync(join(tmpdir(), 'hublet-pools-'));
  log = new FakeLog();
});

afterEach(() => {
  rmSync(runtimeDirectory, { recursive: true, force: true });
});

const open = (bootId = 'boot') => openPoolStore({ runtimeDirectory, bootId, log });
const path = () => join(runtimeDirectory, 'pools.json');

test('pools are remembered over a restart within one boot, for their owner only', () => {
  const first = open();
  first.add('gpu');
  first.add('cpu');
  first.add('gpu');

  expect([...open().pools]).toEqual(['gpu', 'cpu']);
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  expect([...open('another').pools]).toEqual([]);
});

test('the last one that is removed leaves no file', () => {
  const store = open();
  store.add('gpu');
  store.add('cpu');

  store.remove('cpu');
  expect([...open().pools]).toEqual(['gpu']);
  store.remove('gpu');
  store.remove('gpu');

  expect(existsSync(path())).toBe(false);
});

test.each([
  '',
  '{',
  'null',
  '[]',
  '{"bootId":"boot"}',
  '{"bootId":"boot","pools":["../x"]}',
  '{"bootId":1,"pools":[]}',
])('a damaged file counts as none and is reported: %j', (text) => {
  writeFileSync(path(), text);

  expect([...open().pools]).toEqual([]);
  expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
});
