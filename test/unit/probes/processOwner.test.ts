import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { parseProcessOwner, readProcessOwner } from '../../../src/probes/processOwner.ts';

test('the owner is the effective uid, whatever the process was started as', () => {
  expect(parseProcessOwner('Name:\tsu\nUid:\t1000\t61200\t0\t61200\nGid:\t5\t6\t7\t8\n')).toBe(61_200);
  expect(parseProcessOwner('Name:\tUid: 1\n')).toBeUndefined();
});

test('a process of this account is owned by it', () => {
  expect(readProcessOwner(process.pid)).toBe(process.geteuid?.());
});

test('a process that has ended has no owner', async () => {
  const child = spawn('true');
  const { pid } = child;
  await once(child, 'exit');

  expect(pid === undefined ? undefined : readProcessOwner(pid)).toBeUndefined();
});
