import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandResult } from '../../../src/command.ts';
import { createUserManager, type UserManager } from '../../../src/systemd/userManager.ts';
import { judgeNamespaces, readLimits } from '../../../src/systemd/userManagerAnswers.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';

const exited = (code: number, stdout = '', stderr = ''): CommandResult => ({ kind: 'exited', code, stdout, stderr });

describe('what a unit tells of its limits', () => {
  it.each([
    ['1048576\n0\n200\ncpu memory pids\n', ['cpu', 'memory', 'pids'], 1_048_576, 0, 200],
    ['unlimited\n-5\n-1000\nmemory\n', ['memory'], undefined, -5, -1000],
    ['1024\n0\n0\n\n', [], 1024, 0, 0],
  ])('is %j', (text, controllers, filesMax, niceMin, oomScoreAdjustMin) => {
    expect(readLimits(exited(0, text))).toEqual({ kind: 'known', controllers, filesMax, niceMin, oomScoreAdjustMin });
  });

  it.each([
    exited(1, '', 'Failed to connect to bus'),
    exited(0, 'x'),
    exited(0, '9\nno nice\n0\nmemory'),
    { kind: 'failed', message: 'late' } as const,
  ])('is not known from %j', (result) => {
    expect(readLimits(result).kind).toBe('unknown');
  });
});

describe('namespaces', () => {
  it('work where the read-only directory was read-only', () => {
    expect(judgeNamespaces(exited(0, 'works\n'))).toEqual({ kind: 'known', problem: undefined });
  });

  it.each([exited(0, 'ignored\n'), exited(217), exited(226)])(
    'do not after %j, and the sysctls are named',
    (result) => {
      expect(judgeNamespaces(result)).toMatchObject({
        kind: 'known',
        problem: expect.stringContaining('user.max_user_namespaces'),
      });
    },
  );

  it.each([exited(1, '', 'no\nbus'), { kind: 'failed', message: 'late' } as const])(
    'are not known from %j',
    (result) => {
      expect(judgeNamespaces(result).kind).toBe('unknown');
    },
  );
});

describe('the look at a user manager', () => {
  let root: string;
  let clock: FakeClock;
  const log = new FakeLog();
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hublet-manager-'));
    clock = new FakeClock();
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** A systemd-run that writes down what it was asked and answers by what the unit was to do. */
  function managerWith(script: string): UserManager {
    const program = join(root, 'systemd-run');
    const text = `#!/bin/sh\nprintf '%s\\n' "$DBUS_SESSION_BUS_ADDRESS $*" >> ${root}/asked\n${script}\n`;
    writeFileSync(program, text, { mode: 0o755 });
    return createUserManager({
      ...{ clock, log, uid: 7, userName: 'alice', program },
      busAddress: 'unix:path=/x/bus',
      runtimeDirectory: root,
    });
  }

  it('starts two units for a moment, one confined, and leaves nothing behind', async () => {
    const manager = managerWith(
      'case "$*" in *PrivateUsers*) echo works;; *) printf "4096\\n0\\n200\\nmemory pids\\n";; esac',
    );
    let told = 0;
    manager.on(() => {
      told += 1;
    });

    await manager.probe();

    const facts = {
      uid: 7,
      userName: 'alice',
      namespaceProblem: undefined,
      filesMax: 4096,
      niceMin: 0,
      oomScoreAdjustMin: 200,
    };
    expect(manager.facts()).toEqual({ ...facts, controllers: new Set(['memory', 'pids']) });
    const asked = readFileSync(join(root, 'asked'), 'utf8').split('\n');
    expect(asked.filter((line) => line.startsWith('unix:path=/x/bus --user '))).toHaveLength(2);
    expect(readdirSync(root).sort()).toEqual(['asked', 'systemd-run']);

    const before = manager.facts();
    await manager.probe();
    expect([manager.facts() === before, told]).toEqual([true, 1]);
  });

  it('is repeated later where it told nothing, and says why until then', async () => {
    const manager = managerWith(`test -e ${root}/up || { echo no bus >&2; exit 1; }
case "$*" in *PrivateUsers*) echo ignored;; *) printf "4096\\n0\\n200\\n\\n";; esac`);
    await manager.probe();
    expect(manager.facts()).toBeUndefined();
    expect(manager.problem()).toBe('systemd-run --user ended with 1: no bus');

    writeFileSync(join(root, 'up'), '');
    const learned = new Promise<void>((resolve) => {
      manager.on(resolve);
    });
    clock.advance(30_000);
    await learned;
    expect(manager.facts()).toMatchObject({ controllers: new Set(), namespaceProblem: expect.any(String) });
  });

  it('tells nothing where its directory can not be made', async () => {
    const manager = managerWith('exit 0');
    rmSync(root, { recursive: true });

    await manager.probe();

    expect(manager.problem()).toContain('ENOENT');
    root = mkdtempSync(join(tmpdir(), 'hublet-manager-'));
  });
});
