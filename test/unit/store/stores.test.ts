import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readBootId } from '../../../src/store/boot.ts';
import { openInstance, readInstance } from '../../../src/store/instance.ts';
import { environmentPath, openRuntimeStore } from '../../../src/store/memory.ts';
import { openPortStore, readPorts } from '../../../src/store/ports.ts';
import type { ServerMemory } from '../../../src/store/types.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';

let directory: string;
let log: FakeLog;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hublet-store-'));
  log = new FakeLog();
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('the boot id is a uuid and the same each time', () => {
  expect(readBootId()).toMatch(/^[0-9a-f-]{36}$/);
  expect(readBootId()).toBe(readBootId());
});

describe('instance', () => {
  test('is made once, for its owner only, and read back the same', () => {
    const first = openInstance(directory);

    expect(first.id).toMatch(/^[0-9a-f]{32}$/);
    expect(first.key.symmetricKeySize).toBe(32);
    const again = openInstance(directory);
    expect([again.id, again.key.equals(first.key)]).toEqual([first.id, true]);
    expect(statSync(join(directory, 'instance.json')).mode & 0o777).toBe(0o600);
  });

  test.each(['', '{', 'null', '{"id":"x"}', '{"id":"00000000000000000000000000000000"}'])(
    'is never replaced where it is damaged: %j',
    (text) => {
      writeFileSync(join(directory, 'instance.json'), text);

      expect(() => openInstance(directory)).toThrow('restore it from a backup');
      expect(readFileSync(join(directory, 'instance.json'), 'utf8')).toBe(text);
    },
  );

  test('is read without being made', () => {
    expect(readInstance(directory)).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);

    const made = openInstance(directory);
    const read = readInstance(directory);
    expect([read?.id, read?.key.equals(made.key)]).toEqual([made.id, true]);
  });

  test('damage is reported without the key', () => {
    const { key } = openInstance(directory);
    const path = join(directory, 'instance.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('}', ''));

    expect(() => openInstance(directory)).toThrow(expect.not.stringContaining(key.export().toString('hex')));
  });
});

describe('ports', () => {
  const open = () => openPortStore({ stateDirectory: directory, clock: new FakeClock(), log });

  test('are read without anything being made, mended or set aside', () => {
    expect(readPorts(directory)).toEqual(new Map());
    expect(readdirSync(directory)).toEqual([]);

    const text = '["alice",20001]\n["bob",20002]\ngarbage\n["bob",null]\n["carol",200';
    writeFileSync(join(directory, 'ports.jsonl'), text);

    expect(readPorts(directory)).toEqual(new Map([['alice', 20001]]));
    expect(readdirSync(directory)).toEqual(['ports.jsonl']);
  });
  const path = () => join(directory, 'ports.jsonl');

  test('are written when assign returns and kept by name, whatever the name', () => {
    const store = open();
    store.assign('alice', 20_001);
    store.assign('__proto__', 20_002);
    store.assign('bob', 20_003);
    store.release('bob');

    expect([...open().ports]).toEqual([
      ['alice', 20_001],
      ['__proto__', 20_002],
    ]);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test('cost a line each, and changes that count no more are taken out', () => {
    const store = open();
    for (let port = 20_000; port < 21_000; port += 1) store.assign('alice', port);

    expect(readFileSync(path(), 'utf8').split('\n').length).toBeLessThan(150);
    expect([...open().ports]).toEqual([['alice', 20_999]]);
  });

  test('a line that a power cut left unfinished counts as not written', () => {
    open().assign('alice', 20_001);
    writeFileSync(path(), `${readFileSync(path(), 'utf8')}["bob",2000`);

    const again = open();
    expect([...again.ports]).toEqual([['alice', 20_001]]);
    again.assign('carol', 20_002);
    expect([...open().ports.keys()]).toEqual(['alice', 'carol']);
    expect(log.complaints()).toEqual([]);
  });

  test.each(['{"ports":[["alice",\n', '["alice"]\n', '["alice","20001"]\n', 'null\n'])(
    'a damaged file is set aside and reported: %j',
    (damage) => {
      open().assign('alice', 20_001);
      writeFileSync(path(), damage);

      expect(open().ports.size).toBe(0);
      expect(readdirSync(directory)).toEqual(['ports.jsonl.damaged']);
      expect(log.complaints()).toEqual(['stored ports are damaged and were set aside']);
    },
  );

  test('a port that could not be stored is not given', () => {
    const store = open();
    rmSync(directory, { recursive: true });

    expect(() => store.assign('alice', 20_001)).toThrow('ENOENT');
    expect(store.ports.size).toBe(0);
  });

  test('a file that somebody removed comes back whole', () => {
    const store = open();
    store.assign('alice', 20_001);
    rmSync(path());
    store.assign('bob', 20_002);

    expect([...open().ports.keys()]).toEqual(['alice', 'bob']);
  });
});

describe('memory of one boot', () => {
  const memory: ServerMemory = {
    name: 'alice',
    bootId: 'this',
    generation: 4,
    invocationId: 'abc',
    stopFor: null,
    startedUpOf: '',
    stopAskedOf: '',
    endedInvocationId: '',
    startedAtMs: 1,
    readyAtMs: null,
    ageFromMs: 4,
    held: { kind: 'age', generation: 3, untilMs: null },
    idle: { invocationId: 'abc', sinceMs: 1, sinceWallMs: 2, lastActivityMs: 2, measuredMs: 3 },
    isWindowOpen: true,
    restarts: 2,
    restartsTotal: 2,
    backoff: { untilMs: 5, reason: 'Crashed' },
    restartedAt: '',
    startedWith: 'beef',
    deletionPolicy: 'Orphan',
    limitsInForce: 'MemoryMax=1',
    ended: null,
    lastExit: null,
  };
  const open = (bootId = 'this') => openRuntimeStore({ runtimeDirectory: directory, bootId, log });
  const stateFile = () => join(directory, 'state', readdirSync(join(directory, 'state'))[0] ?? '');

  test('outlives the controller, in files of its owner', () => {
    open().writeMemory(memory);

    expect(open().readMemory('alice')).toEqual(memory);
    expect(open().readMemory('bob')).toBeUndefined();
    expect(statSync(stateFile()).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'state')).mode & 0o777).toBe(0o700);
  });

  test('is believed where it is not known which wish for a new run the present one answers', () => {
    open().writeMemory({ ...memory, restartedAt: null });

    expect(open().readMemory('alice')).toMatchObject({ restartedAt: null, restarts: 2 });
    expect(log.complaints()).toEqual([]);
  });

  test('is not believed after a reboot', () => {
    open().writeMemory(memory);

    expect(open('next').readMemory('alice')).toBeUndefined();
    expect(log.complaints()).toEqual([]);
  });

  test('an unchanged memory is not written again, a changed one is', () => {
    const store = open();
    store.writeMemory(memory);
    const before = statSync(stateFile()).ino;
    store.writeMemory({ ...memory });
    expect(statSync(stateFile()).ino).toBe(before);

    store.writeMemory({ ...memory, restarts: 3 });
    expect(open().readMemory('alice')?.restarts).toBe(3);
  });

  test('cut off anywhere it is reported and ignored, never half believed', () => {
    open().writeMemory(memory);
    const path = stateFile();
    const text = readFileSync(path, 'utf8').trimEnd();
    for (let length = 0; length < text.length; length += 1) {
      writeFileSync(path, text.slice(0, length));
      expect(open().readMemory('alice')).toBeUndefined();
    }
    expect(log.complaints()).toHaveLength(text.length);
  });

  test('a memory of an older version keeps what it has', () => {
    open();
    open().writeMemory(memory);
    const { endedInvocationId: _, ...older } = memory;
    writeFileSync(stateFile(), JSON.stringify(older));

    expect(open().readMemory('alice')).toEqual(memory);
  });

  test('a removed memory is gone', () => {
    const store = open();
    store.writeMemory(memory);
    store.removeMemory('alice');
    store.removeMemory('alice');
    expect(store.readMemory('alice')).toBeUndefined();
    store.writeMemory(memory);
    expect(store.readMemory('alice')).toEqual(memory);
  });

  test('environment files are 0400, kept where named and swept otherwise', () => {
    const store = open();
    const [alice, bob] = [environmentPath(directory, 'alice'), environmentPath(directory, 'bob')];
    store.writeEnvironment(alice, 'TOKEN="secret"\n');
    store.writeEnvironment(bob, 'A="1"\n');
    store.writeEnvironment(alice, 'TOKEN="other"\n');

    expect(statSync(alice).mode & 0o777).toBe(0o400);
    expect(readFileSync(alice, 'utf8')).toBe('TOKEN="other"\n');
    store.sweepEnvironment(new Set([alice]));
    expect([existsSync(alice), existsSync(bob)]).toEqual([true, false]);
    store.removeEnvironment(alice);
    store.removeEnvironment(alice);
    expect(existsSync(alice)).toBe(false);
    expect(() => store.writeEnvironment('/tmp/elsewhere.env', '')).toThrow('not an environment file');
  });
});
