import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readLimitFiles } from '../../../src/cgroup/limitFiles.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hublet-limit-files-'));
  mkdirSync(join(root, 'a'));
});

afterEach(() => rmSync(root, { recursive: true }));

const read = () => readLimitFiles(root, 'a', ['cpu.weight', 'io.max']);

it('tells another text where a limit is another, and where a file comes or goes', () => {
  writeFileSync(join(root, 'a', 'cpu.weight'), '100\n');
  const before = read();
  expect(read()).toBe(before);
  writeFileSync(join(root, 'a', 'cpu.weight'), '20\n');
  const after = read();
  expect(after).not.toBe(before);
  writeFileSync(join(root, 'a', 'io.max'), '8:0 rbps=1000\n');
  expect(read()).not.toBe(after);
});

it('tells nothing of a cgroup that is gone', () => {
  expect(readLimitFiles(root, 'b', ['cpu.weight'])).toBeUndefined();
});
