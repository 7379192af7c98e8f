import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createStatusFiles } from '../../../src/status/files.ts';
import { readHostStatus, readServerStatus, statusNames } from '../../../src/status/statusFile.ts';
import type { HostStatus, ServerStatus } from '../../../src/status/types.ts';
import { FakeLog } from '../../fakes/log.ts';
import { TemporaryDirectory } from '../../fakes/program.ts';

function statusOf(name: string, restarts = 0): ServerStatus {
  return {
    apiVersion: 'hublet/v1',
    kind: 'ServerStatus',
    metadata: { name, generation: 1, source: null, labels: {} },
    status: {
      observedGeneration: 1,
      phase: 'Ready',
      user: name,
      pool: null,
      unit: `hublet-${name}.service`,
      controlGroup: null,
      invocationId: null,
      mainPid: null,
      address: null,
      restarts,
      startedAt: null,
      readyAt: null,
      nextTransition: null,
      lastExit: null,
      applied: {},
      conditions: [],
    },
  };
}

function open(directory: TemporaryDirectory, log = new FakeLog()) {
  const runtimeDirectory = join(directory.path, 'run');
  // The process's own group stands for `hublet`: only root may give files to another.
  return { runtimeDirectory, log, files: createStatusFiles({ runtimeDirectory, gid: process.getgid?.(), log }) };
}

test('a written status can be read back, by the group and by nobody else', () => {
  using directory = new TemporaryDirectory();
  const { files, runtimeDirectory } = open(directory);

  files.write(statusOf('alice'));

  expect(files.read('alice')).toEqual(statusOf('alice'));
  expect(readServerStatus(runtimeDirectory, 'alice')).toEqual(statusOf('alice'));
  expect(statSync(join(runtimeDirectory, 'status')).mode & 0o7777).toBe(0o750);
  expect(statSync(join(runtimeDirectory, 'status', 'alice.json')).mode & 0o7777).toBe(0o640);
  expect(readdirSync(join(runtimeDirectory, 'status'))).toEqual(['alice.json']);
});

test('an unchanged status is not written again, a changed one replaces the file', () => {
  using directory = new TemporaryDirectory();
  const { files, runtimeDirectory } = open(directory);
  const inode = () => statSync(join(runtimeDirectory, 'status', 'alice.json')).ino;
  files.write(statusOf('alice'));
  const first = inode();

  files.write(statusOf('alice'));
  const second = inode();
  files.write(statusOf('alice', 1));

  expect(second).toBe(first);
  expect(inode()).not.toBe(first);
  expect(files.read('alice')?.status.restarts).toBe(1);
});

test('a file that somebody removed is written again though nothing changed', () => {
  using directory = new TemporaryDirectory();
  const { files, runtimeDirectory } = open(directory);
  files.write(statusOf('alice'));
  rmSync(join(runtimeDirectory, 'status', 'alice.json'));

  files.write(statusOf('alice'));

  expect(files.names()).toEqual(['alice']);
});

test('names are those of servers, with or without a suffix of their own, and not of leftovers', () => {
  using directory = new TemporaryDirectory();
  const { files, runtimeDirectory } = open(directory);
  for (const name of ['bob', 'alice.json', 'a b']) files.write(statusOf(name));
  writeFileSync(join(runtimeDirectory, 'status', '.alice.json.1-1.tmp'), '');
  writeFileSync(join(runtimeDirectory, 'status', 'README'), '');

  expect(files.names()).toEqual(['a b', 'alice.json', 'bob']);
});

test('leftovers of a controller that was killed while writing are swept at the next start', () => {
  using directory = new TemporaryDirectory();
  const { runtimeDirectory } = open(directory);
  const leftover = join(runtimeDirectory, 'status', '.alice.json.1-1.tmp');
  writeFileSync(leftover, '');

  open(directory);

  expect(existsSync(leftover)).toBe(false);
});

test('a directory with wider permissions is narrowed', () => {
  using directory = new TemporaryDirectory();
  const { runtimeDirectory } = open(directory);
  chmodSync(join(runtimeDirectory, 'status'), 0o777);

  open(directory);

  expect(statSync(join(runtimeDirectory, 'status')).mode & 0o7777).toBe(0o750);
});

test('removing is fine twice, and the server is gone from the names', () => {
  using directory = new TemporaryDirectory();
  const { files } = open(directory);
  files.write(statusOf('alice'));

  files.remove('alice');
  files.remove('alice');

  expect(files.names()).toEqual([]);
  expect(files.read('alice')).toBeUndefined();
});

test('a file that is no status reads as none, and is told', () => {
  using directory = new TemporaryDirectory();
  const { files, log, runtimeDirectory } = open(directory);
  writeFileSync(join(runtimeDirectory, 'status', 'alice.json'), '{"kind": ');
  writeFileSync(join(runtimeDirectory, 'status', 'bob.json'), '{"kind": "Server"}');

  expect(files.read('alice')).toBeUndefined();
  expect(files.read('bob')).toBeUndefined();
  expect(log.complaints()).toHaveLength(2);
  expect(() => readServerStatus(runtimeDirectory, 'bob')).toThrow('is not a ServerStatus');
});

test('a write that fails throws, leaves nothing behind, and is tried again by the next one', () => {
  using directory = new TemporaryDirectory();
  const { files, runtimeDirectory } = open(directory);
  const path = join(runtimeDirectory, 'status', 'alice.json');
  mkdirSync(join(path, 'in the way'), { recursive: true });

  expect(() => files.write(statusOf('alice'))).toThrow();
  expect(readdirSync(join(runtimeDirectory, 'status'))).toEqual(['alice.json']);
  rmSync(path, { recursive: true });
  files.write(statusOf('alice'));

  expect(files.read('alice')).toEqual(statusOf('alice'));
});

test('the status of the host lies beside the directory', () => {
  using directory = new TemporaryDirectory();
  const { files, runtimeDirectory } = open(directory);
  const host = { apiVersion: 'hublet/v1', kind: 'HostStatus', version: '1', pid: 4 } as unknown as HostStatus;

  files.writeHost(host);

  expect(readHostStatus(runtimeDirectory)).toEqual(host);
  expect(readFileSync(join(runtimeDirectory, 'status.json'), 'utf8').endsWith('}\n')).toBe(true);
  expect(statSync(join(runtimeDirectory, 'status.json')).mode & 0o7777).toBe(0o640);
});

test('readers of a host without hublet see nothing rather than an error', () => {
  expect(statusNames('/nonexistent')).toEqual([]);
  expect(readServerStatus('/nonexistent', 'alice')).toBeUndefined();
  expect(readHostStatus('/nonexistent')).toBeUndefined();
});
