import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Watcher, watchDirectory } from '../../../src/source/watcher.ts';

let root: string;
let directory: string;
let watcher: Watcher | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hublet-watch-'));
  directory = join(root, 'specs');
  mkdirSync(directory);
});

afterEach(async () => {
  await watcher?.close();
  rmSync(root, { recursive: true, force: true });
});

/** Starts to watch; `next` resolves with each event in turn. */
async function watching(): Promise<{ next(wanted: string): Promise<void> }> {
  const seen: string[] = [];
  let wake = () => {};
  const note = (event: string) => {
    seen.push(event);
    wake();
  };
  watcher = watchDirectory(directory, {
    ready: () => note('ready'),
    hint: (fileName) => note(`hint ${fileName}`),
    failed: () => note('failed'),
  });
  const next = async (wanted: string) => {
    while (!seen.includes(wanted)) await new Promise<void>((resolve) => (wake = resolve));
    seen.length = 0;
  };
  await next('ready');
  return { next };
}

test('files that are made, written, replaced and removed are hinted at by name', async () => {
  const { next } = await watching();
  const path = join(directory, 'alice.yaml');
  writeFileSync(path, 'a\n');
  await next('hint alice.yaml');
  writeFileSync(path, 'bb\n');
  await next('hint alice.yaml');
  writeFileSync(join(root, 'other'), 'ccc\n');
  renameSync(join(root, 'other'), path);
  await next('hint alice.yaml');
  rmSync(path);
  await next('hint alice.yaml');
});

test('a directory that is renamed ends the watch', async () => {
  const { next } = await watching();
  renameSync(directory, join(root, 'away'));
  await next('failed');
});

test('a directory that is removed and made anew ends the watch', async () => {
  const { next } = await watching();
  rmSync(directory, { recursive: true });
  mkdirSync(directory);
  await next('failed');
});

test('a change of the directory itself is a hint at no file', async () => {
  const { next } = await watching();
  chmodSync(directory, 0o700);
  await next('hint undefined');
});

test('a file that has the name of its directory ends no watch', async () => {
  const { next } = await watching();
  writeFileSync(join(directory, 'specs'), 'a\n');
  await next('hint undefined');
  writeFileSync(join(directory, 'alice.yaml'), 'a\n');
  await next('hint alice.yaml');
});

test('after it was closed nothing is told', async () => {
  const told: string[] = [];
  const note = (event: string) => () => void told.push(event);
  await watchDirectory(directory, { ready: note('ready'), hint: note('hint'), failed: note('failed') }).close();
  const { next } = await watching();
  writeFileSync(join(directory, 'alice.yaml'), 'a\n');
  await next('hint alice.yaml');
  expect(told).toEqual([]);
});

test('a directory that is not there cannot be watched', () => {
  rmSync(directory, { recursive: true });
  expect(() => watchDirectory(directory, { ready() {}, hint() {}, failed() {} })).toThrow('ENOENT');
});
