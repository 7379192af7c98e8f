import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LastGoodStore } from '../../../src/source/lastgood.ts';
import { formatLastGood, parseLastGood } from '../../../src/source/lastgoodFile.ts';
import { writeFileAtomic } from '../../../src/store/files.ts';
import { readRevisions } from '../../../src/store/revisionReader.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { Desk, PARSER, specText } from './desk.ts';

const STORED = {
  name: 'alice',
  generation: 3,
  source: '/specs',
  file: { path: '/specs/alice.yaml', ino: 7, size: 9, mtimeNs: '5' },
  text: specText('alice', 'grüße'),
  canonical: '{}',
};

describe('the stored form', () => {
  test('comes back the same', () => {
    expect(parseLastGood(formatLastGood(STORED))).toEqual(STORED);
  });

  test('cut off at any byte or with any character altered is never read as good', () => {
    const text = formatLastGood(STORED).trimEnd();
    for (let at = 0; at < text.length; at += 1) {
      expect(parseLastGood(text.slice(0, at))).toBeUndefined();
      const altered = `${text.slice(0, at)}${text[at] === '7' ? '8' : '7'}${text.slice(at + 1)}`;
      expect(parseLastGood(altered)).toBeUndefined();
    }
  });
});

describe('the store', () => {
  let directory: string;
  let clock: FakeClock;
  let log: FakeLog;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hublet-lastgood-'));
    clock = new FakeClock();
    log = new FakeLog();
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  const parsed = PARSER.parse(STORED.text, 'alice');
  const good = { ...STORED, document: parsed.kind === 'valid' ? parsed.document : undefined };
  const open = () => new LastGoodStore({ stateDirectory: directory, parser: PARSER, clock, log });
  const file = () => join(directory, 'specs', readdirSync(join(directory, 'specs'))[0] ?? '');

  test('has written, for its owner only, when put returns', () => {
    open().put(good);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'specs')).mode & 0o777).toBe(0o700);
    expect(open().get('alice')).toMatchObject({ generation: 3, document: good.document });
  });

  test('reports a file cut off at any byte and takes the newest revision instead', () => {
    open().put(good);
    clock.advance(1);
    const whole = readFileSync(file(), 'utf8');
    for (let length = 0; length < whole.length - 1; length += 1) {
      writeFileSync(file(), whole.slice(0, length));
      expect(open().get('alice'), `cut at ${length}`).toMatchObject({ generation: 3, text: STORED.text });
    }
    expect(new Set(log.complaints())).toEqual(
      new Set(['stored spec is damaged and ignored; its newest revision counts']),
    );
  });

  test('reports a damaged file and does without it where no revision is left', () => {
    open().put(good);
    writeFileSync(file(), readFileSync(file(), 'utf8').slice(0, -20));
    rmSync(join(directory, 'revisions'), { recursive: true });
    expect(open().get('alice')).toBeUndefined();
    expect(log.complaints()).toEqual(['stored spec is damaged and ignored; the spec file itself counts']);
  });

  test('makes a revision of each a moment later, or as soon as it ends or the server goes', () => {
    const generations = () => readRevisions(directory, 'alice').revisions.map(({ generation }) => generation);
    const store = open();
    store.put(good);
    store.put({ ...good, generation: 4 });
    expect(generations()).toEqual([]);
    clock.advance(1);
    expect(generations()).toEqual([3, 4]);

    store.put({ ...good, generation: 5 });
    store.remove('alice');
    expect(generations()).toEqual([3, 4, 5]);

    store.put({ ...good, generation: 6 });
    store.close();
    expect(generations()).toEqual([3, 4, 5, 6]);
  });

  test('makes the revision at the next start where the controller was killed before', () => {
    open().put(good);
    expect(readRevisions(directory, 'alice').revisions).toEqual([]);
    open();
    expect(readRevisions(directory, 'alice').revisions).toMatchObject([{ generation: 3, text: STORED.text }]);
  });

  test('keeps a revision of what an older version of hublet had stored', () => {
    open().put(good);
    rmSync(join(directory, 'revisions'), { recursive: true });
    open();
    expect(readRevisions(directory, 'alice').revisions).toMatchObject([{ generation: 3, text: STORED.text }]);
  });

  test('does not believe a file under another name’s hash', () => {
    open().put(good);
    writeFileSync(join(directory, 'specs', `${'0'.repeat(64)}.json`), readFileSync(file(), 'utf8'));
    expect(open().all()).toHaveLength(1);
  });

  test('keeps the generation of a text that this version refuses', () => {
    open().put({ ...good, text: specText('alice', 'x', '  fromTheFuture: 1\n') });
    expect(open().get('alice')).toMatchObject({ generation: 3, document: undefined });
    expect(log.complaints()).toEqual(['stored spec is not valid in this version']);
  });

  test('syncs in the background within a second, and what is left when it closes', () => {
    const store = open();
    store.put(good);
    expect(clock.nextDueMs()).toBeLessThanOrEqual(clock.monotonicMs() + 1_000);
    store.close();
    expect(clock.nextDueMs()).toBeUndefined();
    expect(log.complaints()).toEqual([]);
  });
});

describe('with the controller', () => {
  let desk: Desk;

  beforeEach(async () => {
    desk = new Desk();
    desk.writeInPlace('alice', specText('alice', 'good'));
    await desk.start();
    desk.clock.advance(100);
  });

  afterEach(async () => {
    await desk.close();
  });

  test('a file that is bad at the start runs its last good spec', async () => {
    desk.writeInPlace('alice', 'nonsense');
    await desk.restart();
    desk.clock.advance(2_000);
    expect(desk.record('alice')).toMatchObject({ generation: 1, isDeleted: false, refusal: { reason: 'Incomplete' } });
    expect(desk.command('alice')).toBe('good');
  });

  test('a file that others may write at the start runs its last good spec', async () => {
    desk.writeInPlace('alice', specText('alice', 'evil'));
    chmodSync(desk.path('alice'), 0o666);
    await desk.restart();
    expect(desk.record('alice').refusal).toMatchObject({ reason: 'InsecurePermissions' });
    expect(desk.command('alice')).toBe('good');
  });

  test('generations go on over restarts, and grow only with the content', async () => {
    desk.replace('alice', specText('alice', 'v2'));
    await desk.restart();
    expect(desk.record('alice').generation).toBe(2);
    desk.clock.advance(100);
    desk.replace('alice', specText('alice', 'v3'));
    expect(desk.record('alice').generation).toBe(3);
  });

  test('on a full disk the spec is taken all the same, with a warning until it is stored', async () => {
    let isFull = true;
    const writeLastGood = (path: string, text: string) => {
      if (isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      writeFileAtomic(path, text, { mode: 0o600 });
    };
    await desk.restart({ writeLastGood });
    desk.clock.advance(100);
    desk.replace('alice', specText('alice', 'v2'));
    expect(desk.command('alice')).toBe('v2');
    expect(desk.record('alice').warnings).toEqual([expect.stringContaining('ENOSPC')]);

    isFull = false;
    desk.told.length = 0;
    desk.clock.advance(5_000);
    expect(desk.record('alice').warnings).toEqual([]);
    expect(desk.told).toContain('alice');
    rmSync(desk.path('alice'));
    await desk.restart();
    expect(desk.command('alice')).toBe('v2');
  });

  test('killed after any write of its own, the controller never loses a last good spec', async () => {
    const before = desk.record('alice');
    for (const crashAfter of [0, 1, 2, 3]) {
      let writes = 0;
      const writeLastGood = (path: string, text: string) => {
        if (writes === crashAfter) throw new Error('killed');
        writes += 1;
        writeFileAtomic(path, text, { mode: 0o600 });
      };
      await desk.restart({ writeLastGood });
      desk.clock.advance(100);
      for (const version of ['a', 'b', 'c', 'd']) {
        desk.replace('alice', specText('alice', `${crashAfter}${version}`));
        desk.clock.advance(20);
      }
      // The next controller finds a bad file and whatever was stored.
      desk.writeInPlace('alice', 'kind: [');
      await desk.restart();
      const accepted = crashAfter === 0 ? undefined : `${crashAfter}${'abcd'[crashAfter - 1]}`;
      if (accepted !== undefined) expect(desk.command('alice')).toBe(accepted);
      expect(desk.command('alice')).toBeDefined();
      expect(desk.record('alice').generation).toBeGreaterThanOrEqual(before.generation);
    }
  });
});
