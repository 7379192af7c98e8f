import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Desk, specText } from './desk.ts';

let desk: Desk;
let second: string;

beforeEach(async () => {
  desk = new Desk();
  second = join(desk.root, 'second');
  mkdirSync(second, { mode: 0o755 });
});

afterEach(async () => {
  await desk.close();
});

const both = () => {
  const ownerUid = process.getuid?.() ?? 0;
  return { sources: [desk.specs, second].map((path) => ({ path, ownerUid, prune: true })) };
};
const inSecond = (name: string) => join(second, `${name}.yaml`);
const writeSecond = (name: string, text: string) => writeFileSync(inSecond(name), text, { mode: 0o644 });

describe('the same name in two sources', () => {
  test('belongs to the first that had it; the other is refused, naming the winner', async () => {
    writeSecond('alice', specText('alice', 'second'));
    await desk.start(both());
    desk.replace('alice', specText('alice', 'first'));
    desk.clock.advance(25_000);

    expect(desk.command('alice')).toBe('second');
    expect(desk.record('alice').warnings).toEqual([
      `${desk.path('alice')}: alice is already defined by ${inSecond('alice')}, which counts: remove one of them`,
    ]);
    expect(desk.set.names()).toEqual(['alice']);
    expect(desk.set.states().map(({ invalid }) => invalid)).toEqual([1, 0]);
  });

  test('belongs to the source named first where both are new', async () => {
    desk.writeInPlace('alice', specText('alice', 'first'));
    writeSecond('alice', specText('alice', 'second'));
    await desk.start(both());
    expect(desk.command('alice')).toBe('first');
  });

  test('stays with its owner over a restart', async () => {
    writeSecond('alice', specText('alice', 'second'));
    await desk.start(both());
    desk.writeInPlace('alice', specText('alice', 'first'));
    await desk.restart(both());
    desk.clock.advance(1_000);
    expect(desk.command('alice')).toBe('second');
  });

  test('stays with an owner whose file is bad', async () => {
    desk.writeInPlace('alice', specText('alice', 'first'));
    writeSecond('alice', specText('alice', 'second'));
    await desk.start(both());
    desk.clock.advance(100);
    desk.replace('alice', specText('alice', 'x', '  nonsense: 1\n'));
    desk.clock.advance(60_000);
    expect(desk.command('alice')).toBe('first');
  });

  test('goes to the other when the owner’s file is gone, without a deletion', async () => {
    desk.writeInPlace('alice', specText('alice', 'first'));
    writeSecond('alice', specText('alice', 'second'));
    await desk.start(both());
    const deletions: boolean[] = [];
    desk.set.on((name) => name === 'alice' && deletions.push(desk.record('alice').isDeleted));
    desk.remove('alice');
    desk.clock.advance(25_000);

    expect(desk.command('alice')).toBe('second');
    expect(desk.record('alice')).toMatchObject({ generation: 2, warnings: [], file: { path: inSecond('alice') } });
    expect(deletions).not.toContain(true);
    rmSync(inSecond('alice'));
    desk.clock.advance(25_000);
    expect(desk.deleted()).toEqual(['alice']);
  });

  test('does not stay taken by a file that went before it could be judged', async () => {
    await desk.start(both());
    desk.writeInPlace('alice', '');
    desk.watch.hint('alice.yaml');
    rmSync(desk.path('alice'));
    writeSecond('alice', specText('alice', 'second'));
    desk.clock.advance(45_000);
    expect(desk.command('alice')).toBe('second');
  });
});

test('all files moved to another source at once keep their servers, and nothing is held', async () => {
  const names = ['alice', 'bob', 'carol', 'dave'];
  for (const name of names) desk.writeInPlace(name, specText(name));
  await desk.start(both());
  for (const name of names) renameSync(desk.path(name), inSecond(name));
  desk.clock.advance(45_000);

  expect(desk.deleted()).toEqual([]);
  expect(names.map((name) => desk.record(name))).toEqual(
    names.map((name) =>
      expect.objectContaining({ generation: 1, file: expect.objectContaining({ path: inSecond(name) }) }),
    ),
  );
  expect(desk.set.states().flatMap(({ heldForPrune }) => heldForPrune)).toEqual([]);

  await desk.restart(both());
  expect(desk.set.names().toSorted()).toEqual(names);
});

test('specs whose directory is no source any more are missing from the first one, and so protected', async () => {
  const names = ['alice', 'bob', 'carol', 'dave'];
  for (const name of names) desk.writeInPlace(name, specText(name));
  await desk.start();
  const [, other] = both().sources;
  await desk.restart({ sources: other === undefined ? [] : [other] });
  desk.clock.advance(60_000);

  expect(desk.set.states()[0]?.heldForPrune).toEqual(names);
  expect(desk.deleted()).toEqual([]);
});

test('a source that is lost freezes its own servers only', async () => {
  desk.writeInPlace('alice', specText('alice'));
  writeSecond('bob', specText('bob'));
  await desk.start(both());
  rmSync(second, { recursive: true });
  desk.clock.advance(25_000);

  expect(desk.record('alice').isFrozen).toBe(false);
  expect(desk.record('bob')).toMatchObject({ isFrozen: true, isDeleted: false });
});

test('forgetting removes what is stored', async () => {
  desk.writeInPlace('alice', specText('alice'));
  await desk.start();
  desk.remove('alice');
  desk.clock.advance(25_000);
  desk.set.forget('alice');
  expect(readdirSync(join(desk.root, 'state', 'specs'))).toEqual([]);
});

describe('sources that the configuration changes while they are read', () => {
  const only = (path: string) => both().sources.filter((source) => source.path === path);

  test('are read from when they are added', async () => {
    await desk.start({ sources: only(desk.specs) });
    writeSecond('bob', specText('bob'));

    await desk.set.update(both().sources);
    desk.clock.advance(1_000);

    expect(desk.command('bob')).toBe('sleep');
  });

  test('leave their servers, held, when they are taken out, over a restart too', async () => {
    writeSecond('bob', specText('bob'));
    await desk.start(both());
    desk.clock.advance(1_000);

    await desk.set.update(only(desk.specs));
    desk.clock.advance(300_000);
    expect(desk.record('bob')).toMatchObject({ isDeleted: false, isFrozen: false });
    expect(desk.set.states()).toMatchObject([{ path: desk.specs, isReady: true, heldForPrune: ['bob'] }]);

    await desk.restart({ sources: only(desk.specs) });
    desk.clock.advance(300_000);
    expect(desk.command('bob')).toBe('sleep');
    expect(desk.deleted()).toEqual([]);

    const [digest = ''] = desk.set.states().map((state) => state.pruneDigest);
    expect(desk.set.releasePrune(digest).kind).toBe('released');
    expect(desk.deleted()).toEqual(['bob']);
  });

  test('give their servers to another that has their files', async () => {
    writeSecond('bob', specText('bob', 'second'));
    await desk.start(both());
    desk.clock.advance(1_000);
    desk.writeInPlace('bob', specText('bob', 'first'));
    desk.clock.advance(25_000);
    expect(desk.command('bob')).toBe('second');

    await desk.set.update(only(desk.specs));
    desk.clock.advance(1_000);

    expect(desk.command('bob')).toBe('first');
    expect(desk.set.states()).toMatchObject([{ heldForPrune: [] }]);
  });

  test('have their servers back when they come back', async () => {
    writeSecond('bob', specText('bob'));
    await desk.start(both());
    desk.clock.advance(1_000);
    const { generation } = desk.record('bob');
    await desk.set.update(only(desk.specs));
    desk.clock.advance(25_000);

    await desk.set.update(both().sources);
    desk.clock.advance(60_000);

    expect(desk.record('bob')).toMatchObject({ generation, source: second, isDeleted: false });
    expect(desk.set.states()).toMatchObject([{ heldForPrune: [] }, { heldForPrune: [] }]);
  });
});
