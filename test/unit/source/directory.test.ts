import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Desk, specText } from './desk.ts';

let desk: Desk;

beforeEach(() => {
  desk = new Desk();
});

afterEach(async () => {
  await desk.close();
});

describe('files that come and change', () => {
  test('specs that are there at the start are known when start resolves', async () => {
    desk.writeInPlace('alice', specText('alice'));
    desk.writeInPlace('bob', 'nonsense: [');
    await desk.start();

    expect(desk.record('alice')).toMatchObject({
      generation: 1,
      refusal: undefined,
      isDeleted: false,
      isFrozen: false,
    });
    expect(desk.set.names()).toEqual(['alice']);
    desk.clock.advance(1_500);
    expect(desk.record('bob')).toMatchObject({ generation: 0, document: undefined, refusal: { reason: 'Incomplete' } });
  });

  test('a file renamed into place is taken without any waiting, each time', async () => {
    await desk.start();
    for (let version = 1; version <= 5; version += 1) {
      desk.clock.advance(20);
      desk.replace('alice', specText('alice', `v${version}`));
      expect(desk.record('alice')).toMatchObject({ generation: version });
      expect(desk.command('alice')).toBe(`v${version}`);
    }
  });

  test('hints that follow at once are answered together 20 ms later', async () => {
    await desk.start();
    desk.replace('alice', specText('alice', 'v1'));
    desk.replace('alice', specText('alice', 'v2'));
    expect(desk.command('alice')).toBe('v1');
    desk.clock.advance(20);
    expect(desk.command('alice')).toBe('v2');
  });

  test('a change in place is taken when it stood still, and nothing is said of it before', async () => {
    desk.writeInPlace('alice', specText('alice', 'v1'));
    await desk.start();
    desk.clock.advance(100);
    const before = desk.record('alice');
    desk.writeInPlace('alice', specText('alice', 'v2'));
    desk.watch.hint('alice.yaml');

    expect(desk.record('alice')).toEqual(before);
    desk.clock.advance(100);
    expect(desk.command('alice')).toBe('v2');
  });

  test('touching, comments and the order of keys make no new generation, but the record names the new file', async () => {
    desk.writeInPlace('alice', specText('alice'));
    await desk.start();
    desk.clock.advance(100);
    const before = desk.record('alice');
    desk.replace('alice', `# a comment\n${specText('alice')}`);
    expect(desk.record('alice').generation).toBe(1);
    expect(desk.record('alice').file).not.toEqual(before.file);

    utimesSync(desk.path('alice'), 1, 1);
    desk.watch.hint('alice.yaml');
    desk.clock.advance(120);
    expect(desk.record('alice')).toMatchObject({ generation: 1, file: { mtimeNs: '1000000000' } });
  });

  test('a change that nobody reported is found by the next listing', async () => {
    desk.writeInPlace('alice', specText('alice', 'v1'));
    await desk.start();
    desk.writeInPlace('alice', specText('alice', 'version-2'));
    desk.clock.advance(20_200);
    expect(desk.command('alice')).toBe('version-2');
  });

  test('listeners hear of a spec only when it is stored', async () => {
    await desk.start();
    const stored: number[] = [];
    desk.set.on(() => stored.push(readdirSync(join(desk.root, 'state', 'specs')).length));
    desk.replace('alice', specText('alice'));
    desk.replace('bob', specText('bob'));
    expect(stored).toEqual([1, 2]);
  });
});

describe('files at fault', () => {
  beforeEach(async () => {
    desk.writeInPlace('alice', specText('alice', 'good'));
    await desk.start();
    desk.clock.advance(100);
  });

  test('a spec cut off at any byte and then finished never leaves the one in force', async () => {
    const text = specText('alice', 'better', '  environment: {A: "ü", B: "x"}\n');
    const bytes = Buffer.from(text);
    for (let length = 0; length < bytes.length; length += 1) {
      desk.writeInPlace('alice', bytes.subarray(0, length));
      desk.watch.hint('alice.yaml');
      desk.clock.advance(40);
      expect(desk.record('alice')).toMatchObject({ isDeleted: false, generation: 1, refusal: undefined });
      expect(desk.command('alice')).toBe('good');
    }
    desk.writeInPlace('alice', text);
    desk.watch.hint('alice.yaml');
    desk.clock.advance(120);
    expect(desk.command('alice')).toBe('better');
  });

  test('a spec left cut off is never deleted, and only one that is whole by itself is taken', async () => {
    const text = specText('alice', 'good');
    for (let length = 0; length < text.length; length += 1) {
      desk.replace('alice', text.slice(0, length));
      desk.clock.advance(2_000);
      expect(desk.record('alice').isDeleted).toBe(false);
      expect(desk.command('alice')).toBe('good');
    }
  });

  test('an unfinished file is called incomplete after three tries, and then taken when it is finished', () => {
    desk.replace('alice', '');
    desk.clock.advance(1_400);
    expect(desk.record('alice').refusal).toBeUndefined();
    desk.clock.advance(200);
    expect(desk.record('alice').refusal).toMatchObject({ reason: 'Incomplete' });
    expect(desk.command('alice')).toBe('good');

    desk.replace('alice', specText('alice', 'better'));
    expect(desk.record('alice')).toMatchObject({ refusal: undefined, generation: 2 });
  });

  test('an invalid file is refused with line and column while the last good spec goes on', () => {
    desk.replace('alice', specText('alice', 'x', '  comand: y\n'));

    expect(desk.record('alice').refusal?.reason).toBe('UnknownField');
    expect(desk.record('alice').refusal?.message).toMatch(`${desk.path('alice')}:6:3: `);
    expect(desk.command('alice')).toBe('good');
    expect(desk.set.states()[0]).toMatchObject({ files: 1, invalid: 1 });
  });

  test.each([
    ['a symbolic link', () => symlinkSync('/etc/passwd', desk.path('alice'))],
    ['a directory', () => mkdirSync(desk.path('alice'))],
    ['a named pipe', () => execFileSync('mkfifo', [desk.path('alice')])],
    ['a device', () => execFileSync('mknod', [desk.path('alice'), 'c', '1', '5'])],
  ])('%s in its place is refused and never waited for', (words, make) => {
    rmSync(desk.path('alice'));
    if (words === 'a device' && process.getuid?.() !== 0) symlinkSync('/dev/zero', desk.path('alice'));
    else make();
    desk.watch.hint('alice.yaml');
    desk.clock.advance(100);

    expect(desk.record('alice').refusal).toMatchObject({ reason: 'InsecurePermissions' });
    expect(desk.command('alice')).toBe('good');
  });

  test('a file that others may write is refused with the command that helps, and taken after it', () => {
    desk.replace('alice', specText('alice', 'evil'));
    chmodSync(desk.path('alice'), 0o666);
    desk.watch.hint('alice.yaml');
    desk.clock.advance(150);
    expect(desk.record('alice').refusal).toEqual({
      reason: 'InsecurePermissions',
      message: `${desk.path('alice')} can be written by everybody: chmod go-w ${desk.path('alice')}`,
    });

    chmodSync(desk.path('alice'), 0o644);
    desk.watch.hint('alice.yaml');
    desk.clock.advance(150);
    expect(desk.record('alice').refusal).toBeUndefined();
  });

  test.runIf(process.getuid?.() === 0)('a file of another user is refused with the command that helps', () => {
    chownSync(desk.path('alice'), 12_345, 0);
    desk.watch.hint('alice.yaml');
    desk.clock.advance(150);
    expect(desk.record('alice').refusal?.message).toContain(`chown root ${desk.path('alice')}`);
  });

  test('text that is no UTF-8 and files over 64 KiB are refused', () => {
    desk.replace('alice', Buffer.from([0x61, 0xff, 0x0a]));
    expect(desk.record('alice').refusal).toMatchObject({ reason: 'ParseError' });
    desk.clock.advance(20);
    desk.replace('alice', `${specText('alice')}#${'x'.repeat(65_536)}\n`);
    expect(desk.record('alice').refusal).toMatchObject({ reason: 'TooLarge' });
    expect(desk.command('alice')).toBe('good');
  });

  test('a spec that everybody can read is taken with a warning where it has an environment', () => {
    desk.replace('alice', specText('alice', 'x', '  environment: {TOKEN: secret}\n'));
    expect(desk.record('alice').warnings).toEqual([expect.stringContaining('can be read by everybody')]);
    expect(desk.record('alice').warnings.join()).not.toContain('secret');

    chmodSync(desk.path('alice'), 0o600);
    desk.watch.hint('alice.yaml');
    desk.clock.advance(150);
    expect(desk.record('alice')).toMatchObject({ warnings: [], generation: 2 });
  });
});

describe('files that go', () => {
  beforeEach(async () => {
    for (const name of ['alice', 'bob']) desk.writeInPlace(name, specText(name));
    await desk.start();
    desk.clock.advance(100);
  });

  test('a server is deleted when listings have missed its file for a second', () => {
    desk.remove('alice');
    expect(desk.deleted()).toEqual([]);
    desk.clock.advance(900);
    expect(desk.deleted()).toEqual([]);
    desk.clock.advance(300);
    expect(desk.deleted()).toEqual(['alice']);
    expect(desk.record('alice')).toMatchObject({ file: undefined, document: undefined, generation: 1 });
  });

  test('unlinking and creating again within a second changes nothing', () => {
    desk.remove('alice');
    desk.clock.advance(800);
    desk.replace('alice', specText('alice'));
    desk.clock.advance(5_000);
    expect(desk.deleted()).toEqual([]);
    expect(desk.record('alice').generation).toBe(1);
  });

  test('a file that returns before the deletion was carried out calls it off, even unfinished', () => {
    desk.remove('alice');
    desk.clock.advance(1_500);
    desk.replace('alice', '');
    expect(desk.record('alice')).toMatchObject({ isDeleted: false, generation: 1 });
    expect(desk.command('alice')).toBe('sleep');
  });

  test('forget counts only for a deleted name, and what comes after it is new, under a number that was not used before', () => {
    desk.set.forget('alice');
    expect(desk.command('alice')).toBe('sleep');
    desk.remove('alice');
    desk.clock.advance(1_500);
    desk.set.forget('alice');
    expect(desk.set.record('alice')).toBeUndefined();
    expect(desk.set.names()).toEqual(['bob']);

    desk.replace('alice', specText('alice', 'v2'));
    expect(desk.record('alice').generation).toBe(2);
  });

  test('renaming a file deletes one server and makes another', () => {
    renameSync(desk.path('alice'), desk.path('carol'));
    desk.watch.hint('alice.yaml');
    desk.watch.hint('carol.yaml');
    desk.clock.advance(1_500);
    expect(desk.deleted()).toEqual(['alice']);
    expect(desk.record('carol').refusal?.message).toContain('metadata.name');
  });
});

test('files that are no specs are counted, with a hint where one may be meant', async () => {
  for (const file of ['a.yml', 'b.json', 'c.yaml~', '.c.yaml.swp', 'README', '#c.yaml#', '~x.yaml']) {
    writeFileSync(join(desk.specs, file), '');
  }
  await desk.start();

  expect(desk.set.names()).toEqual([]);
  expect(desk.set.states()[0]?.ignored).toEqual([
    '#c.yaml#',
    '.c.yaml.swp',
    'README',
    'a.yml (to have it read, name it a.yaml)',
    'b.json (to have it read, name it b.yaml)',
    'c.yaml~',
    "~x.yaml (the name of a server must not hold '/' or '~')",
  ]);
});
