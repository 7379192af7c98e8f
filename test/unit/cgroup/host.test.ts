import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readHostResources } from '../../../src/cgroup/host.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hublet-cgroup-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test('a host has all its memory and the CPUs that are on', () => {
  expect(readHostResources(root)).toEqual({ memoryBytes: totalmem(), cpuCount: cpus().length });
});

test('a container has what it was given of the memory, and never more than there is', () => {
  writeFileSync(join(root, 'memory.max'), `${64 * 1024 ** 2}\n`);
  expect(readHostResources(root).memoryBytes).toBe(64 * 1024 ** 2);
  writeFileSync(join(root, 'memory.max'), 'max\n');
  expect(readHostResources(root).memoryBytes).toBe(totalmem());
  writeFileSync(join(root, 'memory.max'), `${totalmem() * 2}\n`);
  expect(readHostResources(root).memoryBytes).toBe(totalmem());
});
