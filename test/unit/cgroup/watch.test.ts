import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CgroupWatch } from '../../../src/cgroup/watch.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { CgroupTree, events, recordingLog } from './tree.ts';

let tree: CgroupTree;
let clock: FakeClock;
let log: ReturnType<typeof recordingLog>;
let watch: CgroupWatch;
beforeEach(() => {
  tree = new CgroupTree();
  clock = new FakeClock();
  log = recordingLog();
  watch = new CgroupWatch(tree.root, clock, log);
});
afterEach(() => {
  watch.closeAll();
  tree.dispose();
});

/** A path that the kernel refuses to watch, for another reason than that it isn't there. */
const REFUSED = `/${'x'.repeat(300)}`;

test('changes of files are told by name', async () => {
  tree.make('/a');
  const told = new EventEmitter();
  const names: string[] = [];
  watch.open('alice', '/a', (file) => {
    names.push(file);
    if (file === 'memory.events') told.emit('changed');
  });
  tree.write('/a', 'cgroup.events', 'populated 0\n');
  tree.write('/a', 'memory.max', '1\n');
  const changed = once(told, 'changed');
  tree.write('/a', 'memory.events', events({ oomKill: 1 }));
  await changed;
  expect(new Set(names)).toEqual(new Set(['cgroup.events', 'memory.max', 'memory.events']));
});

test('a watch is the same one until it is closed', () => {
  tree.make('/a');
  const token = () => watch.token('alice');
  const open = () => watch.open('alice', '/a', () => undefined);
  expect(token()).toBeUndefined();
  open();
  const first = token();
  open();
  expect(token()).toBe(first);
  watch.close('alice');
  expect(token()).toBeUndefined();
  open();
  expect(token()).not.toBe(first);
});

test('a cgroup that is not there is no fault', () => {
  watch.open('alice', '/gone', () => undefined);
  expect(log.warnings).toEqual([]);
});

test('a refusal is said once, whatever the number of servers', () => {
  for (const server of ['a', 'b', 'c']) {
    watch.open(server, REFUSED, () => undefined);
    clock.advance(120_000);
  }
  expect(log.warnings).toHaveLength(1);
});

test('watching is tried again a minute after a refusal', async () => {
  tree.make('/a');
  const told = new EventEmitter();
  watch.open('refused', REFUSED, () => undefined);
  clock.advance(60_000);
  watch.open('alice', '/a', () => told.emit('changed'));
  const changed = once(told, 'changed');
  tree.write('/a', 'memory.events', events({ oomKill: 1 }));
  await changed;
});
