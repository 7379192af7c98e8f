import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isLost, type Listing, listFolder, type Stamps } from '../../../src/source/folder.ts';
import { TemporaryDirectory } from '../../fakes/program.ts';

function list(path: string, known?: Stamps): Listing {
  const answer = listFolder(path, process.getuid?.() ?? 0, known);
  if (isLost(answer)) throw new Error(answer.message);
  return answer;
}

test('a listing in which nothing has changed has the very stamps of the one before', () => {
  using directory = new TemporaryDirectory();
  for (const name of ['alice', 'bob']) writeFileSync(join(directory.path, `${name}.yaml`), name);
  const before = list(directory.path).files;

  expect(list(directory.path, before).files).toBe(before);
});

test('of one in which a file was written to, came or went, the others have', () => {
  using directory = new TemporaryDirectory();
  const write = (name: string, text: string) => writeFileSync(join(directory.path, `${name}.yaml`), text);
  for (const name of ['alice', 'bob']) write(name, name);
  const before = list(directory.path).files;

  write('bob', 'another text');
  const written = list(directory.path, before).files;
  write('carol', 'carol');
  const come = list(directory.path, written).files;
  rmSync(join(directory.path, 'alice.yaml'));
  const gone = list(directory.path, come).files;

  expect(written.get('alice')).toBe(before.get('alice'));
  expect(written.get('bob')).not.toEqual(before.get('bob'));
  expect([...come.keys()]).toEqual(['alice', 'bob', 'carol']);
  expect([...gone.keys()]).toEqual(['bob', 'carol']);
  expect(gone.get('bob')).toBe(written.get('bob'));
});
