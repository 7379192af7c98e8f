import { afterEach, beforeEach, expect, test } from 'vitest';
import { FollowedServer } from '../../../src/cgroup/followed.ts';
import { readerOptions } from '../../../src/cgroup/read.ts';
import { CgroupTree } from './tree.ts';

const PASS_MS = 10_000;
const WATCH = {};

let tree: CgroupTree;
let followed: FollowedServer;
let nowMs: number;
beforeEach(() => {
  tree = new CgroupTree();
  tree.make('/a');
  followed = new FollowedServer(tree.root, readerOptions());
  followed.begin('/a', 'i1', false, 'everything');
  nowMs = 0;
});
afterEach(() => {
  followed.end();
  tree.dispose();
});

function pass(count: number, watch: object | undefined): void {
  for (let done = 0; done < count; done += 1) {
    nowMs += PASS_MS;
    followed.glance(nowMs, watch);
  }
}

test('of a server at rest of which no write would be told everything is read once a minute', () => {
  pass(2, undefined);
  tree.write('/a', 'memory.max', '1000\n');
  pass(5, undefined);
  expect(followed.usage()).not.toHaveProperty('memoryLimitBytes');
  pass(1, undefined);
  expect(followed.usage()?.memoryLimitBytes).toBe(1000);
});

test('a gap in which no write was told is followed by a reading in full', () => {
  pass(2, WATCH);
  tree.write('/a', 'memory.max', '1000\n');
  pass(6, WATCH);
  expect(followed.usage()).not.toHaveProperty('memoryLimitBytes');
  pass(6, {});
  expect(followed.usage()?.memoryLimitBytes).toBe(1000);
});

test('a write that is told is followed by a reading in full, an event that is told is not', () => {
  pass(2, WATCH);
  tree.write('/a', 'memory.max', '1000\n');
  followed.noteWrite('memory.events');
  pass(1, WATCH);
  expect(followed.usage()).not.toHaveProperty('memoryLimitBytes');
  followed.noteWrite('memory.max');
  pass(1, WATCH);
  expect(followed.usage()?.memoryLimitBytes).toBe(1000);
});
