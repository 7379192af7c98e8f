import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  parsePruneAnswer,
  pruneAnswerPath,
  pruneRequestDirectory,
  pruneRequestPath,
} from '../../../src/source/pruneFiles.ts';
import type { PruneAnswer } from '../../../src/source/pruneRelease.ts';
import { PruneRequests } from '../../../src/source/pruneRequests.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { FakeWatch } from './desk.ts';

const DIGEST = 'a1'.repeat(32);
let runtimeDirectory: string;
let asked: string[];
let watch: FakeWatch;
let clock: FakeClock;
let log: FakeLog;

beforeEach(() => {
  runtimeDirectory = mkdtempSync(join(tmpdir(), 'hublet-confirm-'));
  asked = [];
  watch = new FakeWatch();
  clock = new FakeClock();
  log = new FakeLog();
});

afterEach(() => {
  rmSync(runtimeDirectory, { recursive: true, force: true });
});

function open(): PruneRequests {
  return new PruneRequests({
    runtimeDirectory,
    clock,
    log,
    watch: watch.watch,
    release(digest): PruneAnswer {
      asked.push(digest);
      return { kind: 'released', source: '/specs', names: ['alice'] };
    },
  });
}

const confirm = (digest: string) => {
  writeFileSync(pruneRequestPath(runtimeDirectory, digest), '');
  watch.hint(digest);
};

test('a file named by the digest is taken once, removed and answered, for its owner alone', () => {
  const requests = open();
  requests.start();
  confirm(DIGEST);
  watch.hint(DIGEST);

  expect(asked).toEqual([DIGEST]);
  expect(statSync(pruneRequestDirectory(runtimeDirectory)).mode & 0o777).toBe(0o700);
  expect(readdirSync(pruneRequestDirectory(runtimeDirectory))).toEqual([`${DIGEST}.answer`]);
  const path = pruneAnswerPath(runtimeDirectory, DIGEST);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(parsePruneAnswer(readFileSync(path, 'utf8'))).toEqual({
    kind: 'released',
    source: '/specs',
    names: ['alice'],
  });
  requests.stop();
});

test('what was said to an earlier controller is void, and what is said while this one starts is heard then', () => {
  open();
  confirm(DIGEST);
  const requests = open();
  expect(existsSync(pruneRequestPath(runtimeDirectory, DIGEST))).toBe(false);
  expect(log.complaints()).toEqual(['a confirmation given to an earlier controller is void']);

  const other = 'b2'.repeat(32);
  confirm(other);
  expect(asked).toEqual([]);
  requests.start();
  expect(asked).toEqual([other]);
  requests.stop();
});

test('files of other names are no confirmations', () => {
  const requests = open();
  requests.start();
  for (const name of ['all', DIGEST.slice(1), `${DIGEST}.answer`, DIGEST.toUpperCase()]) confirm(name);

  expect(asked).toEqual([]);
  requests.stop();
});

test('a directory that others may enter is closed to them before anything in it counts', () => {
  open();
  chmodSync(pruneRequestDirectory(runtimeDirectory), 0o777);
  confirm(DIGEST);
  const requests = open();
  requests.start();

  expect(statSync(pruneRequestDirectory(runtimeDirectory)).mode & 0o777).toBe(0o700);
  expect(asked).toEqual([]);
  requests.stop();
});

test('a directory that was taken away comes back, and a watch that fails is built anew', () => {
  const requests = open();
  requests.start();
  rmSync(pruneRequestDirectory(runtimeDirectory), { recursive: true });
  watch.fail(new Error('removed'));
  confirm(DIGEST);
  expect(asked).toEqual([]);
  clock.advance(2_000);
  expect(asked).toEqual([DIGEST]);
  requests.stop();
});
