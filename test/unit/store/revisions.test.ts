import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeFileAtomic } from '../../../src/store/files.ts';
import { formatRevision, parseRevision, revisionKey, revisionPath } from '../../../src/store/revisionFile.ts';
import { readRevisions } from '../../../src/store/revisionReader.ts';
import { RevisionStore } from '../../../src/store/revisions.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';

const DAY_MS = 24 * 3_600_000;

let stateDirectory: string;
let clock: FakeClock;
let log: FakeLog;

beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), 'hublet-revisions-'));
  clock = new FakeClock();
  log = new FakeLog();
});

afterEach(() => {
  expect(log.complaints()).toEqual([]);
  rmSync(stateDirectory, { recursive: true, force: true });
});

const open = (write?: (path: string, text: string) => void) =>
  new RevisionStore({ stateDirectory, clock, log, ...(write === undefined ? {} : { write }) });
const accepted = (generation: number, name = 'alice') => ({
  name,
  generation,
  source: '/specs',
  file: { path: `/specs/${name}.yaml`, ino: 7, size: 9, mtimeNs: '5' },
  text: `# grüße ${generation}\n`,
  canonical: `{"v":${generation}}`,
});
const numbers = (name = 'alice') => readRevisions(stateDirectory, name).revisions.map(({ generation }) => generation);
const files = () => readdirSync(join(stateDirectory, 'revisions')).sort();
const path = (generation: number) => revisionPath(join(stateDirectory, 'revisions'), revisionKey('alice'), generation);

describe('the stored form', () => {
  const revision = { ...accepted(3), at: '2026-01-01T00:00:00.000Z' };
  const key = revisionKey('alice');

  test('comes back the same, and only as what its name says', () => {
    const text = formatRevision(revision);
    expect(parseRevision(text, key, 3)).toEqual(revision);
    expect(parseRevision(text, key, 4)).toBeUndefined();
    expect(parseRevision(text, revisionKey('bob'), 3)).toBeUndefined();
  });

  test('cut off at any byte or with any character altered is never read as good', () => {
    const text = formatRevision(revision).trimEnd();
    for (let at = 0; at < text.length; at += 1) {
      expect(parseRevision(text.slice(0, at), key, 3)).toBeUndefined();
      const altered = `${text.slice(0, at)}${text[at] === '7' ? '8' : '7'}${text.slice(at + 1)}`;
      expect(parseRevision(altered, key, 3)).toBeUndefined();
    }
  });
});

describe('what is kept', () => {
  test('is written, for its owner only, with the text as it was and the moment', () => {
    open().note(accepted(1));

    expect(statSync(path(1)).mode & 0o777).toBe(0o600);
    expect(statSync(join(stateDirectory, 'revisions')).mode & 0o777).toBe(0o700);
    expect(readRevisions(stateDirectory, 'alice').revisions).toEqual([
      { ...accepted(1), at: new Date(clock.wallMs()).toISOString() },
    ]);
  });

  test('are the newest five of each server, over restarts', () => {
    for (let generation = 1; generation <= 8; generation += 1) open().note(accepted(generation));
    open().note(accepted(1, 'bob'));

    expect(numbers()).toEqual([4, 5, 6, 7, 8]);
    expect(numbers('bob')).toEqual([1]);
    expect(files()).toHaveLength(6);
    expect(open().latest('alice')).toBe(8);
    expect(open().latest('carol')).toBe(0);
  });

  test('is not written again under the same number', () => {
    const store = open();
    store.note(accepted(1));
    store.note({ ...accepted(1), text: 'another\n' });
    open().note({ ...accepted(1), text: 'another\n' });

    expect(readRevisions(stateDirectory, 'alice').revisions[0]?.text).toBe(accepted(1).text);
  });

  test('comes whole or not at all where the controller is killed between two steps', () => {
    let steps = 0;
    const killedAt = (step: number) => (to: string, text: string) => {
      steps += 1;
      if (steps === step) throw new Error('killed');
      writeFileAtomic(to, text, { mode: 0o600 });
    };
    for (let generation = 1; generation <= 9; generation += 1) {
      steps = 0;
      open(killedAt(generation % 2)).note(accepted(generation));
    }
    // What was not written was told of; the test is of what was.
    expect(log.complaints()).toEqual(Array(5).fill('revision of a spec could not be stored'));
    log.lines.length = 0;

    const kept = readRevisions(stateDirectory, 'alice');
    expect(kept.damaged).toEqual([]);
    expect(kept.revisions.map(({ generation }) => generation)).toEqual([2, 4, 6, 8]);
  });

  test('that is damaged is passed over and told of', () => {
    const store = open();
    for (const generation of [1, 2, 3]) store.note(accepted(generation));
    for (const generation of [2, 3])
      writeFileSync(path(generation), readFileSync(path(generation), 'utf8').slice(0, 50));

    expect(readRevisions(stateDirectory, 'alice')).toMatchObject({ revisions: [{ generation: 1 }], damaged: [2, 3] });
    expect(open().newestGood(revisionKey('alice'))?.generation).toBe(1);
    expect(log.complaints()).toEqual(Array(2).fill('stored revision of a spec is damaged and passed over'));
    log.lines.length = 0;
  });

  test('is written as soon as there is room on a disk that was full, and told of once', () => {
    let isFull = true;
    const store = open((to, text) => {
      if (isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      writeFileAtomic(to, text, { mode: 0o600 });
    });
    store.note(accepted(1));
    clock.advance(15_000);
    expect(numbers()).toEqual([]);

    isFull = false;
    clock.advance(5_000);
    expect(numbers()).toEqual([1]);
    expect(log.complaints()).toEqual(['revision of a spec could not be stored']);
    log.lines.length = 0;
  });

  test('of nobody is nothing, also where there is no state directory', () => {
    expect(readRevisions(join(stateDirectory, 'none'), 'alice')).toEqual({
      revisions: [],
      damaged: [],
      deletedMs: undefined,
    });
  });
});

describe('a deleted server', () => {
  test('leaves its revisions for a week, over restarts, and then nothing', () => {
    const store = open();
    store.note(accepted(1));
    store.note(accepted(1, 'bob'));
    store.markDeleted('alice');
    expect(readRevisions(stateDirectory, 'alice')).toMatchObject({
      revisions: [{ generation: 1 }],
      deletedMs: clock.wallMs(),
    });

    clock.advance(6 * DAY_MS);
    open();
    expect(numbers()).toEqual([1]);
    clock.advance(DAY_MS + 3_600_000);
    expect(numbers()).toEqual([]);
    expect(numbers('bob')).toEqual([1]);
    expect(files()).toHaveLength(1);
  });

  test('that comes back goes on from its last number', () => {
    const store = open();
    store.note(accepted(4));
    store.markDeleted('alice');
    const next = open();
    expect(next.latest('alice')).toBe(4);
    store.close();

    next.note(accepted(5));
    clock.advance(30 * DAY_MS);
    expect(numbers()).toEqual([4, 5]);
    expect(readRevisions(stateDirectory, 'alice').deletedMs).toBeUndefined();
  });

  test('of whose deletion nothing was noted counts as deleted from the next start on', () => {
    open().note(accepted(1));
    open().keepOnly(['bob']);
    expect(readRevisions(stateDirectory, 'alice').deletedMs).toBe(clock.wallMs());
    clock.advance(8 * DAY_MS);
    open();
    expect(numbers()).toEqual([]);
  });

  test('whose note is damaged counts as deleted now', () => {
    const store = open();
    store.note(accepted(1));
    store.markDeleted('alice');
    writeFileSync(join(stateDirectory, 'revisions', `${revisionKey('alice')}.deleted`), '17');
    clock.advance(8 * DAY_MS - 3_600_000);
    expect(numbers()).toEqual([]);
  });
});
