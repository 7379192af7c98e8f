import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AppendedFile } from '../../../src/store/appendedFile.ts';
import { writeFileAtomic } from '../../../src/store/files.ts';
import { TemporaryDirectory } from '../../fakes/program.ts';

it('adds each text at the end', () => {
  using directory = new TemporaryDirectory();
  const path = join(directory.path, 'lines');
  writeFileSync(path, 'one\n');
  const file = new AppendedFile(path);

  expect([file.add('two\n'), file.add('drei ü\n')]).toEqual([true, true]);

  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\ndrei ü\n');
  file.close();
});

it('makes no file', () => {
  using directory = new TemporaryDirectory();
  const path = join(directory.path, 'lines');
  const file = new AppendedFile(path);
  expect(file.add('one\n')).toBe(false);

  writeFileSync(path, '');
  expect(file.add('one\n')).toBe(true);
  rmSync(path);
  expect(file.add('two\n')).toBe(false);
  file.close();
});

it('goes on in the file that is in the place of the one before, and leaves that one alone', () => {
  using directory = new TemporaryDirectory();
  const path = join(directory.path, 'lines');
  writeFileSync(path, '');
  const file = new AppendedFile(path);
  file.add('one\n');

  renameSync(path, `${path}.1`);
  expect(file.add('lost\n')).toBe(false);
  writeFileAtomic(path, 'two\n', { mode: 0o600 });
  file.add('three\n');

  expect(readFileSync(path, 'utf8')).toBe('two\nthree\n');
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('one\n');
  file.close();
});

it('goes on after a failure, and after it was closed', () => {
  using directory = new TemporaryDirectory();
  const path = join(directory.path, 'lines');
  mkdirSync(path);
  const file = new AppendedFile(path);
  expect(() => file.add('one\n')).toThrow(/EISDIR/);

  rmdirSync(path);
  writeFileSync(path, '');
  expect(file.add('one\n')).toBe(true);
  file.close();
  file.close();
  expect(file.add('two\n')).toBe(true);

  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  file.close();
});

it('follows no symbolic link', () => {
  using directory = new TemporaryDirectory();
  const path = join(directory.path, 'lines');
  const elsewhere = join(directory.path, 'elsewhere');
  writeFileSync(elsewhere, '');
  symlinkSync(elsewhere, path);

  expect(() => new AppendedFile(path).add('one\n')).toThrow(/ELOOP/);

  expect(readFileSync(elsewhere, 'utf8')).toBe('');
});
