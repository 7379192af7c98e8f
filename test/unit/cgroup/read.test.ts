import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DescriptorBudget, ownDescriptorBudget } from '../../../src/cgroup/descriptors.ts';
import { BASIC_FILES } from '../../../src/cgroup/parse.ts';
import { CgroupReader, readerOptions, readUsage } from '../../../src/cgroup/read.ts';
import { CgroupGone } from '../../../src/cgroup/types.ts';
import { CgroupTree, cpuStat, events, FULL_CGROUP, pressure } from './tree.ts';

let tree: CgroupTree;
beforeEach(() => {
  tree = new CgroupTree();
});
afterEach(() => tree.dispose());

test('the same reader sees what changed', () => {
  tree.make('/a');
  const reader = new CgroupReader(tree.root, '/a', readerOptions());

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
  const reader = new CgroupReader(tree.root, '/a', readerOptions());
  tree.write('/a', 'memory.current', '77\n');

  const usages = Array.from({ length: 10 }, (_, index) => reader.read(index));
  reader.close();

  expect(usages.at(-1)?.memoryCurrentBytes).toBe(77);
});

test('a controller that is switched on in the moment after the start is found at the next reading', () => {
  tree.make('/a', { 'cpu.stat': cpuStat(1, 2) });
  const reader = new CgroupReader(tree.root, '/a', readerOptions());
  reader.read(1);
  tree.write('/a', 'memory.max', '600\n');
  expect(reader.read(2).memoryLimitBytes).toBe(600);
  reader.close();
});

test('the first kill is counted even where the memory controller came after the first reading', () => {
  tree.make('/a', { 'cpu.stat': cpuStat(1, 2) });
  const reader = new CgroupReader(tree.root, '/a', readerOptions());
  reader.read(1);
  tree.write('/a', 'memory.events', events({ oomKill: 1 }));
  expect(reader.readMemoryEvents()?.oomKill).toBe(1);
  reader.close();
});

test('no cgroup is CgroupGone', () => {
  expect(() => readUsage(tree.root, '/nobody', 0)).toThrow(CgroupGone);
});

test('a cgroup that goes while it is looked at is CgroupGone', () => {
  tree.make('/a');
  const reader = new CgroupReader(tree.root, '/a', readerOptions());
  reader.close();
  tree.remove('/a');
  expect(() => reader.read(0)).toThrow(CgroupGone);
});

test('no descriptor stays open after a question about one file, nor after close', () => {
  tree.make('/a');
  const before = readdirSync('/proc/self/fd').length;
  const reader = new CgroupReader(tree.root, '/a', readerOptions());
  expect(reader.readMemoryEvents()).toMatchObject({ oomKill: 0 });
  expect(readdirSync('/proc/self/fd').length).toBe(before);
  reader.read(0);
  const meanwhile = readdirSync('/proc/self/fd').length;
  reader.close();
  expect(meanwhile).toBe(before + BASIC_FILES.length);
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});

test('io and pressure are read where details are asked for, from the next reading on', () => {
  tree.make('/a');
  let isDetailed = false;
  const reader = new CgroupReader(tree.root, '/a', readerOptions({ isDetailed: () => isDetailed }));
  expect(reader.read(1)).not.toHaveProperty('ioReads');
  isDetailed = true;
  expect(reader.read(2)).toMatchObject({ ioReads: 4, cpuPressure: { waitingSeconds: 1.5, stalledSeconds: 0.5 } });
  reader.close();
});

test('no more descriptors stay open than the budget has, and readings are the same without them', () => {
  tree.make('/a');
  tree.make('/b');
  const descriptors = new DescriptorBudget(BASIC_FILES.length + 2);
  const before = readdirSync('/proc/self/fd').length;
  const readers = ['/a', '/b'].map((group) => new CgroupReader(tree.root, group, readerOptions({ descriptors })));
  for (const reader of readers) reader.read(0);
  expect(readdirSync('/proc/self/fd').length).toBe(before + BASIC_FILES.length + 2);

  tree.write('/b', 'pids.current', '9\n');
  expect(readers.map((reader) => reader.read(1).tasks)).toEqual([7, 9]);
  tree.remove('/b');
  tree.make('/b', { 'cpu.stat': cpuStat(1, 1) });
  expect(readers[1]?.read(2).cpuSystemSeconds).toBe(1);

  for (const reader of readers) reader.close();
  expect(readdirSync('/proc/self/fd').length).toBe(before);
  expect(descriptors.taken).toBe(0);
});

test('what could not be kept open is kept as soon as others have given theirs back', () => {
  tree.make('/a');
  tree.make('/b');
  const descriptors = new DescriptorBudget(BASIC_FILES.length);
  const first = new CgroupReader(tree.root, '/a', readerOptions({ descriptors }));
  const second = new CgroupReader(tree.root, '/b', readerOptions({ descriptors }));
  first.close();
  for (let reading = 0; reading < 10; reading += 1) second.read(reading);
  expect(descriptors.taken).toBe(BASIC_FILES.length);
  second.close();
});

test('half of the descriptors that this process may open may be kept', () => {
  tree.make('/', {
    limits:
      'Limit                     Soft Limit           Hard Limit           Units     \nMax open files            6                    4096                 files     \n',
  });
  const budget = ownDescriptorBudget(0.5, `${tree.root}/limits`);
  expect([budget.take(), budget.take(), budget.take(), budget.take()]).toEqual([true, true, true, false]);
});

describe('limits', () => {
  const FILES = ['memory.max', 'cpu.weight'];

  test('are others at the first question, and then once for each change, of a file that comes or goes too', () => {
    tree.make('/a');
    const reader = new CgroupReader(tree.root, '/a', readerOptions());
    const isOther = () => reader.hasOtherLimits(FILES);
    expect([isOther(), isOther()]).toEqual([true, false]);
    tree.write('/a', 'memory.max', '1000\n');
    expect([isOther(), isOther()]).toEqual([true, false]);
    tree.write('/a', 'cpu.weight', '100\n');
    expect([isOther(), isOther()]).toEqual([true, false]);
    tree.write('/a', 'cpu.weight', '70\n');
    expect([isOther(), isOther()]).toEqual([true, false]);
    expect(reader.hasOtherLimits(['memory.max'])).toBe(true);
    reader.close();
  });

  test('are read where no descriptor can be kept', () => {
    tree.make('/a');
    const reader = new CgroupReader(tree.root, '/a', readerOptions({ descriptors: new DescriptorBudget(0) }));
    const isOther = () => reader.hasOtherLimits(FILES);
    expect([isOther(), isOther()]).toEqual([true, false]);
    tree.write('/a', 'memory.max', '1000\n');
    expect([isOther(), isOther()]).toEqual([true, false]);
  });

  test('of a cgroup that is gone are not known', () => {
    tree.make('/a', { 'cpu.stat': cpuStat(1, 2) });
    const reader = new CgroupReader(tree.root, '/a', readerOptions());
    tree.remove('/a');
    expect(() => reader.hasOtherLimits(FILES)).toThrow(CgroupGone);
    reader.close();
  });
});

test('news are what differs in any byte from the reading before, in a file that comes or goes too', () => {
  tree.make('/a');
  const reader = new CgroupReader(tree.root, '/a', readerOptions({ isDetailed: () => true }));
  const hasNews = () => reader.readNews(1) !== undefined;
  // The first readings show that it is at rest.
  expect([hasNews(), hasNews(), hasNews(), hasNews()]).toEqual([true, true, false, false]);
  for (const [file, text] of [
    ['io.pressure', pressure(9, 9)],
    ['pids.current', '8\n'],
    ['memory.current', '7\n'],
    ['io.stat', ''],
  ] as const) {
    tree.write('/a', file, text);
    expect(hasNews()).toBe(true);
  }
  expect(hasNews()).toBe(false);
  expect(reader.read(2)).toMatchObject({ sampledAtMs: 2, tasks: 8, ioReads: 0, memoryCurrentBytes: 7 });
  reader.close();
});
