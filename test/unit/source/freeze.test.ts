import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSpecFolder } from '../../../src/source/specFolder.ts';
import { Desk, PARSER, specText } from './desk.ts';

const FOUR = ['alice', 'bob', 'carol', 'dave'];
let desk: Desk;

beforeEach(() => {
  desk = new Desk();
});

afterEach(async () => {
  await desk.close();
});

async function startWith(names: readonly string[]): Promise<void> {
  for (const name of names) desk.writeInPlace(name, specText(name));
  await desk.start();
  desk.clock.advance(200);
}

const state = () => {
  const [first] = desk.set.states();
  if (first === undefined) throw new Error('no source');
  return first;
};

describe('a directory that is lost', () => {
  test('freezes everything: nothing is deleted, changed or made', async () => {
    await startWith(FOUR);
    renameSync(desk.specs, join(desk.root, 'away'));
    desk.watch.fail(new Error('removed'));
    desk.clock.advance(60_000);

    expect(state()).toMatchObject({ isReady: false, reason: 'Missing', heldForPrune: [] });
    expect(desk.set.names().map((name) => desk.record(name))).toEqual(
      FOUR.map((name) => expect.objectContaining({ name, isFrozen: true, isDeleted: false, generation: 1 })),
    );
    expect(desk.log.complaints().filter((message) => message === 'source is not ready')).toHaveLength(1);
  });

  test('goes on as before when it is back', async () => {
    await startWith(FOUR);
    renameSync(desk.specs, join(desk.root, 'away'));
    desk.clock.advance(30_000);
    renameSync(join(desk.root, 'away'), desk.specs);
    desk.writeInPlace('alice', specText('alice', 'changed'));
    desk.clock.advance(1_500);

    expect(state()).toMatchObject({ isReady: true, reason: 'Listed' });
    expect(desk.record('alice').isFrozen).toBe(false);
    expect(desk.command('alice')).toBe('changed');
    expect(desk.watch.built.length).toBeGreaterThan(1);
  });

  test('stays frozen as another directory that shows too little of what is known', async () => {
    await startWith(FOUR);
    renameSync(desk.specs, join(desk.root, 'away'));
    mkdirSync(desk.specs, { mode: 0o755 });
    desk.writeInPlace('alice', specText('alice', 'other'));
    desk.clock.advance(120_000);

    expect(state()).toMatchObject({ isReady: false, reason: 'Replaced', heldForPrune: ['bob', 'carol', 'dave'] });
    expect(desk.command('alice')).toBe('sleep');
    expect(desk.deleted()).toEqual([]);

    desk.writeInPlace('bob', specText('bob'));
    desk.clock.advance(1_500);
    expect(state().isReady).toBe(true);
    expect(desk.command('alice')).toBe('other');
    // The rest goes by the usual rules: two are no mass removal.
    desk.clock.advance(1_500);
    expect(desk.deleted()).toEqual(['carol', 'dave']);
  });

  test('as another directory is still known as such after a restart of the controller, not after a reboot', async () => {
    await startWith(FOUR);
    renameSync(desk.specs, join(desk.root, 'away'));
    mkdirSync(desk.specs, { mode: 0o755 });
    await desk.restart();
    desk.clock.advance(5_000);
    expect(state()).toMatchObject({ isReady: false, reason: 'Replaced' });

    await desk.restart({ bootId: 'next' });
    desk.clock.advance(5_000);
    expect(state()).toMatchObject({ isReady: true, heldForPrune: FOUR });
    expect(desk.deleted()).toEqual([]);
  });

  test('as another directory can be accepted by a person', async () => {
    await startWith(FOUR);
    renameSync(desk.specs, join(desk.root, 'away'));
    mkdirSync(desk.specs, { mode: 0o755 });
    desk.clock.advance(30_000);
    const digest = state().pruneDigest ?? '';
    expect(state().reason).toBe('Replaced');

    expect(desk.set.releasePrune(digest).kind).toBe('released');
    expect(state()).toMatchObject({ isReady: true, heldForPrune: [] });
    expect(desk.deleted()).toEqual(FOUR);
  });

  test('is not there yet at the start: what was accepted before goes on', async () => {
    await startWith(FOUR);
    renameSync(desk.specs, join(desk.root, 'away'));
    await desk.restart();
    expect(desk.set.names().toSorted()).toEqual(FOUR);
    expect(desk.record('alice')).toMatchObject({ isFrozen: true, generation: 1 });
    expect(desk.command('alice')).toBe('sleep');
  });

  test('that others may write to is not believed', async () => {
    await startWith(FOUR);
    chmodSync(desk.specs, 0o777);
    desk.replace('alice', specText('alice', 'evil'));
    desk.replace('mallory', specText('mallory'));
    desk.remove('bob');
    desk.clock.advance(60_000);

    expect(state()).toMatchObject({ isReady: false, message: expect.stringContaining('chmod go-w') });
    expect(desk.command('alice')).toBe('sleep');
    expect(desk.record('mallory')).toMatchObject({ document: undefined, refusal: { reason: 'InsecurePermissions' } });
    expect(desk.deleted()).toEqual([]);

    chmodSync(desk.specs, 0o755);
    desk.clock.advance(2_500);
    expect(desk.record('mallory').refusal).toBeUndefined();
    expect(desk.deleted()).toEqual(['bob']);
  });
});

describe('many files that vanish', () => {
  test('are held: fewer go, more wait, and the digest names exactly those', async () => {
    await startWith(FOUR);
    for (const name of ['alice', 'bob', 'carol']) rmSync(desk.path(name));
    desk.watch.hint('alice.yaml');
    desk.clock.advance(300_000);

    expect(desk.deleted()).toEqual([]);
    expect(state()).toMatchObject({ isReady: true, heldForPrune: ['alice', 'bob', 'carol'] });
    expect(state().pruneDigest).toMatch(/^[0-9a-f]{64}$/);
  });

  test('return one by one without the others being removed', async () => {
    await startWith(FOUR);
    for (const name of ['alice', 'bob', 'carol']) rmSync(desk.path(name));
    desk.clock.advance(30_000);
    const digest = state().pruneDigest ?? '';
    desk.replace('bob', specText('bob'));
    desk.clock.advance(30_000);

    expect(state().heldForPrune).toEqual(['alice', 'carol']);
    expect(desk.set.releasePrune(digest).kind).toBe('refused');
    expect(desk.deleted()).toEqual([]);
    expect(desk.set.releasePrune(state().pruneDigest ?? '').kind).toBe('released');
    expect(desk.deleted()).toEqual(['alice', 'carol']);
    expect(desk.set.releasePrune(digest).kind).toBe('refused');
  });

  test('are held over a restart of the controller, though others came', async () => {
    await startWith(FOUR);
    for (const name of ['alice', 'bob', 'carol']) rmSync(desk.path(name));
    desk.clock.advance(30_000);
    for (let index = 0; index < 8; index += 1) desk.replace(`new${index}`, specText(`new${index}`));
    desk.clock.advance(1_000);
    await desk.restart();
    desk.clock.advance(120_000);

    expect(state().heldForPrune).toEqual(['alice', 'bob', 'carol']);
    expect(desk.deleted()).toEqual([]);
  });

  test('while the controller was away count as vanishing at its start', async () => {
    await startWith(FOUR);
    for (const name of ['alice', 'bob', 'carol']) rmSync(desk.path(name));
    await desk.restart();
    desk.clock.advance(120_000);

    expect(state().heldForPrune).toEqual(['alice', 'bob', 'carol']);
  });

  test('one after the other within a minute are held from where they are too many', async () => {
    await startWith(FOUR);
    for (const name of ['alice', 'bob', 'carol']) {
      desk.remove(name);
      desk.clock.advance(5_000);
    }
    expect(desk.deleted()).toEqual(['alice', 'bob']);
    expect(state().heldForPrune).toEqual(['carol']);
  });

  test('slowly, or fewer than three, or few of many, just go', async () => {
    await startWith([...FOUR, 'eve', 'frank']);
    for (const name of ['alice', 'bob', 'carol']) rmSync(desk.path(name));
    desk.clock.advance(30_000);
    expect(desk.deleted()).toEqual(['alice', 'bob', 'carol']);
    for (const name of desk.deleted()) desk.set.forget(name);
    for (const name of ['dave', 'eve', 'frank']) {
      desk.clock.advance(61_000);
      desk.remove(name);
    }
    desk.clock.advance(2_000);
    expect(desk.deleted()).toEqual(['dave', 'eve', 'frank']);
  });

  test('just go where the source is written by a program', async () => {
    for (const name of FOUR) desk.writeInPlace(name, specText(name));
    await desk.start({ sources: [{ path: desk.specs, ownerUid: process.getuid?.() ?? 0, prune: false }] });
    for (const name of FOUR) desk.remove(name);
    desk.clock.advance(25_000);
    expect(desk.deleted()).toEqual(FOUR);
  });
});

describe('errors of the system', () => {
  /** A folder whose answers fail with a system error while `failing` says so. */
  function faulty() {
    const fault: { list?: string; read?: string } = {};
    const openFolder = (config: { path: string; ownerUid: number }) => {
      const folder = openSpecFolder(config.path, config.ownerUid, PARSER, desk.clock);
      return {
        list: () =>
          fault.list === undefined
            ? folder.list()
            : ({ kind: 'lost', reason: 'Unreadable', code: fault.list, message: fault.list } as const),
        read: (name: string, inode: string) => {
          const file = folder.read(name, inode);
          if (fault.read === undefined || file === undefined) return file;
          const refusal = { reason: 'Unreadable', message: fault.read } as const;
          return { ...file, identity: undefined, look: { kind: 'unreadable', refusal } as const };
        },
      };
    };
    return { fault, openFolder };
  }

  test.each(['EACCES', 'EIO', 'EMFILE'])(
    'a file that cannot be read (%s) keeps its spec and is tried again',
    async (code) => {
      const { fault, openFolder } = faulty();
      desk.writeInPlace('alice', specText('alice', 'v1'));
      await desk.start({ openFolder });
      desk.clock.advance(100);
      fault.read = code;
      desk.replace('alice', specText('alice', 'v2'));

      expect(desk.record('alice')).toMatchObject({ refusal: { reason: 'Unreadable' }, isDeleted: false });
      expect(desk.command('alice')).toBe('v1');
      desk.clock.advance(60_000);
      expect(desk.command('alice')).toBe('v1');

      delete fault.read;
      desk.clock.advance(20_000);
      expect(desk.record('alice').refusal).toBeUndefined();
      expect(desk.command('alice')).toBe('v2');
    },
  );

  test('a listing that fails proves nothing', async () => {
    const { fault, openFolder } = faulty();
    desk.writeInPlace('alice', specText('alice'));
    await desk.start({ openFolder });
    desk.clock.advance(100);
    desk.remove('alice');
    desk.clock.advance(500);
    fault.list = 'EMFILE';
    desk.clock.advance(60_000);
    expect(desk.deleted()).toEqual([]);
    expect(state()).toMatchObject({ isReady: false, reason: 'Unreadable' });

    delete fault.list;
    desk.clock.advance(1_100);
    expect(desk.deleted()).toEqual([]);
    desk.clock.advance(1_100);
    expect(desk.deleted()).toEqual(['alice']);
  });
});

describe('a watch that fails', () => {
  test('is replaced by listing every 5 s until it works again', async () => {
    desk.writeInPlace('alice', specText('alice', 'v1'));
    await desk.start();
    desk.clock.advance(200);
    expect(state().isWatched).toBe(true);
    desk.watch.failing = new Error('ENOSPC');
    desk.watch.fail(new Error('ENOSPC'));
    desk.clock.advance(1_000);
    expect(state().isWatched).toBe(false);

    desk.writeInPlace('alice', specText('alice', 'version-2'));
    desk.clock.advance(5_200);
    expect(desk.command('alice')).toBe('version-2');

    desk.watch.failing = undefined;
    desk.clock.advance(20_000);
    expect(state().isWatched).toBe(true);
    expect(desk.log.complaints().filter((line) => line.includes('cannot be watched'))).toHaveLength(1);
  });
});
