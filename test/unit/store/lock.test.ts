import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LockHeld, takeLock } from '../../../src/store/lock.ts';

const HOLDER = join(import.meta.dirname, 'lock-holder.ts');
let directory: string;
let path: string;
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hublet-lock-'));
  path = join(directory, 'hublet.lock');
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

async function start(command: readonly string[]): Promise<{ child: ChildProcess; line: string }> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, 'line');
  return { child, line };
}

const controller = (...more: readonly string[]) => [process.execPath, HOLDER, path, ...more];

test('a second controller ends with 75 and names the process that holds the lock', async () => {
  const first = await start(controller());
  const second = spawn(process.execPath, [HOLDER, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(second);
  const [[line], [code]] = await Promise.all([
    once(createInterface({ input: second.stdout }), 'line'),
    once(second, 'exit'),
  ]);

  expect(first.line).toBe('held 0');
  expect(code).toBe(75);
  expect(line).toContain(`process ${first.child.pid} holds ${path}`);
});

test('SIGKILL frees the lock before the parent hears of the death, though a child lives on', async () => {
  const first = await start(controller('with-child'));
  const childPid = Number(first.line.split(' ')[1]);

  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const lock = takeLock(path);
  process.kill(childPid, 'SIGKILL');

  expect(lock.isIntact()).toBe(true);
  lock.release();
});

test('a lock that flock --no-fork took around the controller is taken over, and excludes others', async () => {
  const wrapped = await start(['flock', '-n', '-E', '75', '--no-fork', path, ...controller('with-child')]);
  const childPid = Number(wrapped.line.split(' ')[1]);

  expect(() => takeLock(path)).toThrow(`process ${wrapped.child.pid} holds`);

  wrapped.child.kill('SIGKILL');
  await once(wrapped.child, 'exit');
  const lock = takeLock(path);
  process.kill(childPid, 'SIGKILL');
  lock.release();
});

test('the lock file is for its owner only, names the holder, and stays after the release', () => {
  const lock = takeLock(path);

  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);

  lock.release();
  lock.release();
  expect(lock.isIntact()).toBe(false);
  takeLock(path).release();
});

test('a lock file that somebody removed is noticed', () => {
  const lock = takeLock(path);
  rmSync(path);

  expect(lock.isIntact()).toBe(false);
  lock.release();
});

test('asking again and again does not wear the lock out', async () => {
  const { child } = await start(controller());
  const attempts = [0, 1, 2].map(() => {
    try {
      return takeLock(path);
    } catch (error) {
      return error;
    }
  });

  expect(attempts.every((attempt) => attempt instanceof LockHeld && attempt.holderPid === child.pid)).toBe(true);
});
