import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pruneDigest } from '../../../src/source/prune.ts';
import { Desk, specText } from './desk.ts';

const FOUR = ['alice', 'bob', 'carol', 'dave'];
const THREE = ['alice', 'bob', 'carol'];
let desk: Desk;

beforeEach(async () => {
  desk = new Desk();
  for (const name of FOUR) desk.writeInPlace(name, specText(name));
  await desk.start();
  desk.clock.advance(200);
});

afterEach(async () => {
  await desk.close();
});

/** All but dave vanish, and are held. Returns the digest. */
function holdThree(): string {
  for (const name of THREE) rmSync(desk.path(name));
  desk.watch.hint('alice.yaml');
  desk.clock.advance(2_000);
  const digest = state()?.pruneDigest;
  expect(digest).toBe(pruneDigest(THREE));
  return digest ?? '';
}

const state = () => desk.set.states()[0];

describe('a digest', () => {
  test('names the exact set, whatever its order, and nothing else', () => {
    expect(pruneDigest(['b', 'a'])).toBe(pruneDigest(['a', 'b']));
    const others = [['a'], ['a', 'b', 'c'], ['ab'], ['a b'], ['A', 'b']].map((names) => pruneDigest(names));
    expect(new Set([pruneDigest(['a', 'b']), ...others]).size).toBe(6);
    expect(pruneDigest([])).toBeUndefined();
  });
});

describe('a release', () => {
  test('removes exactly what was held and can be asked for again', () => {
    const digest = holdThree();

    expect(desk.set.releasePrune(digest)).toEqual({ kind: 'released', source: desk.specs, names: THREE });
    expect(desk.deleted()).toEqual(THREE);
    expect(desk.set.releasePrune(digest)).toEqual({ kind: 'already', source: desk.specs });
  });

  test('does not count where a file came back unnoticed', () => {
    const digest = holdThree();
    desk.writeInPlace('bob', specText('bob'));

    expect(desk.set.releasePrune(digest)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(`holds 2 with digest ${pruneDigest(['alice', 'carol'])}`),
    });
    expect(desk.deleted()).toEqual([]);
  });

  test('of another set is refused with what is held', () => {
    const other = pruneDigest(['alice']) ?? '';
    expect(desk.set.releasePrune(other)).toEqual({
      kind: 'refused',
      message: 'no source holds what this digest names: nothing is held',
    });
    const digest = holdThree();
    expect(desk.set.releasePrune(other)).toMatchObject({ message: expect.stringContaining(digest) });
    expect(desk.deleted()).toEqual([]);
  });

  test('waits while the directory itself is away', () => {
    const digest = holdThree();
    renameSync(desk.specs, join(desk.root, 'away'));

    expect(desk.set.releasePrune(digest)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('ENOENT'),
    });
    expect(desk.deleted()).toEqual([]);

    renameSync(join(desk.root, 'away'), desk.specs);
    expect(desk.set.releasePrune(digest).kind).toBe('released');
  });

  test('counts for the same names once: when they vanish again, they are held again', () => {
    const digest = holdThree();
    desk.set.releasePrune(digest);
    for (const name of THREE) desk.set.forget(name);
    for (const name of THREE) desk.replace(name, specText(name));
    desk.clock.advance(120_000);

    holdThree();
    expect(desk.deleted()).toEqual([]);
    expect(desk.set.releasePrune(digest).kind).toBe('released');
  });

  test('stands when the controller is killed before the servers are gone', async () => {
    desk.set.releasePrune(holdThree());
    desk.set.forget('alice');
    await desk.restart();
    desk.clock.advance(2_000);

    expect(state()).toMatchObject({ heldForPrune: [] });
    expect(desk.deleted().toSorted()).toEqual(['bob', 'carol']);
  });

  test('does not reach a file that came back before the removal was carried out', async () => {
    const digest = holdThree();
    desk.set.releasePrune(digest);
    desk.writeInPlace('bob', specText('bob'));
    await desk.restart();
    desk.clock.advance(2_000);
    expect(desk.deleted()).toEqual(['alice', 'carol']);

    for (const name of desk.deleted()) desk.set.forget(name);
    for (const name of ['alice', 'carol']) desk.replace(name, specText(name));
    desk.clock.advance(120_000);
    for (const name of THREE) rmSync(desk.path(name));
    await desk.restart();
    desk.clock.advance(2_000);
    expect(state()).toMatchObject({ heldForPrune: THREE });
    expect(desk.deleted()).toEqual([]);
  });

  test('is over for a file that came back, were it only for a moment', async () => {
    desk.set.releasePrune(holdThree());
    desk.replace('bob', specText('bob'));
    expect(desk.record('bob').isDeleted).toBe(false);
    rmSync(desk.path('bob'));
    for (const name of ['alice', 'carol']) desk.replace(name, specText(name));
    for (const name of ['alice', 'carol']) rmSync(desk.path(name));
    await desk.restart();
    desk.clock.advance(2_000);

    expect(desk.deleted()).toEqual([]);
    expect(state()).toMatchObject({ heldForPrune: THREE });
  });

  test('of an emptied directory in the place of another takes it as it is', async () => {
    renameSync(desk.specs, join(desk.root, 'away'));
    mkdirSync(desk.specs, { mode: 0o755 });
    desk.clock.advance(30_000);
    expect(state()).toMatchObject({ reason: 'Replaced', heldForPrune: FOUR });

    expect(desk.set.releasePrune(state()?.pruneDigest ?? '').kind).toBe('released');
    await desk.restart();
    desk.clock.advance(2_000);
    expect(state()).toMatchObject({ isReady: true, heldForPrune: [] });
    expect(desk.deleted().toSorted()).toEqual(FOUR);
  });

  test('a state of the sources that an older version wrote counts', async () => {
    holdThree();
    const path = join(desk.root, 'state', 'sources.json');
    const stored = JSON.parse(readFileSync(path, 'utf8'));
    for (const [, memory] of stored.sources) {
      delete memory.released;
      delete memory.releasedDigest;
    }
    writeFileSync(path, JSON.stringify(stored));
    await desk.restart();
    expect(state()).toMatchObject({ heldForPrune: THREE });
    expect(readdirSync(desk.specs)).toEqual(['dave.yaml']);
  });
});
