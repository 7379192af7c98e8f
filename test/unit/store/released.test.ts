import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openReleasedStore, readReleased } from '../../../src/store/released.ts';
import { FakeLog } from '../../fakes/log.ts';

let stateDirectory: string;
let log: FakeLog;

beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), 'hublet-released-'));
  log = new FakeLog();
});
afterEach(() => rmSync(stateDirectory, { recursive: true }));

const open = (bootId = 'this') => openReleasedStore({ stateDirectory, bootId, log });
const path = () => join(stateDirectory, 'released.json');

test('names outlive the controller, for root alone, and leave no file behind', () => {
  const store = open();
  store.add('alice');
  store.add('bob');
  store.remove('alice');
  expect([...open().names]).toEqual(['bob']);
  expect([...readReleased(stateDirectory, 'this')]).toEqual(['bob']);
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  store.remove('bob');
  expect(readdirSync(stateDirectory)).toEqual([]);
});

test('a name is gone with the boot that its unit ran in', () => {
  open().add('alice');
  expect([...open('next').names]).toEqual([]);
  expect([...readReleased(stateDirectory, 'next')]).toEqual([]);
});

test.each(['', '{"bootId"', '[]', '{"bootId":"this","names":[1]}', 'null'])(
  'a damaged file (%s) is told of',
  (text) => {
    writeFileSync(path(), text);
    expect([...open().names]).toEqual([]);
    expect(log.lines.map(({ level }) => level)).toEqual(['error']);
    expect([...readReleased(stateDirectory, 'this')]).toEqual([]);
  },
);

test('what can not be written is not kept', () => {
  const store = open();
  rmSync(stateDirectory, { recursive: true });
  expect(() => store.add('alice')).toThrow();
  expect(store.names.size).toBe(0);
  mkdirSync(stateDirectory);
});
