import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hasProcesses } from '../../../src/cgroup/population.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hublet-cgroup-'));
  mkdirSync(join(root, 'a.service'));
});
afterEach(() => rmSync(root, { recursive: true }));

it.each([
  ['populated 1\nfrozen 0\n', true],
  ['populated 0\nfrozen 1\n', false],
])('a cgroup with %j', (text, expected) => {
  writeFileSync(join(root, 'a.service', 'cgroup.events'), text);
  expect(hasProcesses('/a.service', root)).toBe(expected);
});

it('one that is gone has none, and one that cannot be read may have some', () => {
  expect(hasProcesses('/b.service', root)).toBe(false);
  mkdirSync(join(root, 'a.service', 'cgroup.events'));
  expect(hasProcesses('/a.service', root)).toBe(true);
});
