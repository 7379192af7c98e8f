import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPrivateDirectory, readFileIfPresent, removeFile, writeFileAtomic } from '../../../src/store/files.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hublet-files-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('a write replaces the file whole, with a new inode and exactly the mode asked for', () => {
  const path = join(directory, 'a.json');
  writeFileSync(path, 'old');
  const before = statSync(path).ino;

  writeFileAtomic(path, 'grüße\n', { mode: 0o640, isSynced: true });

  expect(readFileSync(path, 'utf8')).toBe('grüße\n');
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(statSync(path).ino).not.toBe(before);
  expect(readdirSync(directory)).toEqual(['a.json']);
});

test('a write that fails leaves the old file and no temporary one', () => {
  const path = join(directory, 'taken');
  mkdirSync(path);

  expect(() => writeFileAtomic(path, 'x', { mode: 0o600 })).toThrow('EISDIR');

  expect(readdirSync(directory)).toEqual(['taken']);
});

test('opening a private directory shuts others out and clears what a crash left', () => {
  const path = join(directory, 'state');
  mkdirSync(path);
  chmodSync(path, 0o755);
  writeFileSync(join(path, '.a.json.4711-1.tmp'), 'half');
  writeFileSync(join(path, 'a.json'), 'whole');

  openPrivateDirectory(path);

  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(readdirSync(path)).toEqual(['a.json']);
});

test('reading and removing take a missing file as such and report everything else', () => {
  expect(readFileIfPresent(join(directory, 'none'))).toBeUndefined();
  expect(() => removeFile(join(directory, 'none'))).not.toThrow();
  expect(() => readFileIfPresent(directory)).toThrow('EISDIR');
  expect(() => removeFile(directory)).toThrow(/EISDIR|EPERM/);
});
