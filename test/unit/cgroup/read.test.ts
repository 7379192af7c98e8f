import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CgroupReader, readUsage } from '../../../src/cgroup/read.ts';
import { CgroupGone } from '../../../src/cgroup/types.ts';
import { CgroupTree, cpuStat, FULL_CGROUP } from './tree.ts';

let tree: CgroupTree;
beforeEach(() => {
  tree = new CgroupTree();
});
afterEach(() => tree.dispose());

test('the same reader sees what changed', () => {
  tree.make('/a');
  const reader = new CgroupReader(tree.root, '/a');

  const before = reader.read(1);
  tree.write('/a', 'memory.current', '5\n');
  tree.write('/a', 'memory.max', '600\n');
  const after = reader.read(2);
  reader.close();

  expect(before).toMatchObject({ sampledAtMs: 1, memoryCurrentBytes: 104857600 });
  expect(before).not.toHaveProperty('memoryLimitBytes');
  expect(after).toMatchObject({ sampledAtMs: 2, memoryCurrentBytes: 5, memoryLimitBytes: 600 });
});

test('a file longer than the buffer is read whole', () => {
  const padding = Array.from({ length: 4000 }, (_, index) => `padding_${index} 1\n`).join('');
  tree.make('/a', { ...FULL_CGROUP, 'memory.stat': `${padding}anon 1\nfile 2\ninactive_file 3\n` });
  expect(readUsage(tree.root, '/a', 0).memoryFileBytes).toBe(2);
});

test('a controller that is off leaves its fields out', () => {
  tree.make('/a', { 'cpu.stat': cpuStat(1, 2) });
  expect(readUsage(tree.root, '/a', 3)).toEqual({ sampledAtMs: 3, cpuUserSeconds: 1, cpuSystemSeconds: 2 });
});

test('a controller that is switched on later is found', () => {
  tree.make('/a', { 'cpu.stat': cpuStat(1, 2) });
  const reader = new CgroupReader(tree.root, '/a');
  tree.write('/a', 'memory.current', '77\n');

  const usages = Array.from({ length: 10 }, (_, index) => reader.read(index));
  reader.close();

  expect(usages.at(-1)?.memoryCurrentBytes).toBe(77);
});

test('no cgroup is CgroupGone', () => {
  expect(() => readUsage(tree.root, '/nobody', 0)).toThrow(CgroupGone);
});

test('a cgroup that goes while it is looked at is CgroupGone', () => {
  tree.make('/a');
  const reader = new CgroupReader(tree.root, '/a');
  reader.close();
  tree.remove('/a');
  expect(() => reader.read(0)).toThrow(CgroupGone);
});

test('no descriptor stays open after close', () => {
  tree.make('/a');
  const before = readdirSync('/proc/self/fd').length;
  const reader = new CgroupReader(tree.root, '/a');
  const meanwhile = readdirSync('/proc/self/fd').length;
  reader.close();
  expect(meanwhile).toBe(before + Object.keys(FULL_CGROUP).length);
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});
