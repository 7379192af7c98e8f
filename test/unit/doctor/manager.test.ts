import { describe, expect, it } from 'vitest';
import type { ManagerFacts } from '../../../src/doctor/facts.ts';
import { judgeBus, judgeLinger, judgeRights, judgeSystemd } from '../../../src/doctor/manager.ts';
import { ALICE, healthy, ROOT } from './healthy.ts';

const SILENT: ManagerFacts['bus'] = { kind: 'silent', message: 'there is no /run/bus', advice: undefined };

function manager(change: Partial<ManagerFacts> = {}): ManagerFacts {
  return { ...healthy().manager, ...change };
}

function version(text: string): ManagerFacts {
  return manager({ bus: { kind: 'answered', address: 'unix:path=/x', version: text } });
}

describe('systemd', () => {
  it('is fine where it is as old as the oldest that hublet is tested on, and says how many settings that lacks', () => {
    expect(judgeSystemd(version('252.39-1~deb12u2'))).toEqual({
      check: 'systemd',
      level: 'ok',
      found: expect.stringMatching(/^252\.39-1~deb12u2; \d+ settings of newer ones are refused$/),
    });
  });

  it('is fine where it is newer than all that hublet knows', () => {
    expect(judgeSystemd(version('399'))).toMatchObject({ level: 'ok', found: '399' });
  });

  it('fails where another program is process 1', () => {
    expect(judgeSystemd(manager({ isBooted: false, init: 'tini', bus: SILENT }))).toMatchObject({
      level: 'fail',
      found: 'this host is not run by systemd: process 1 is tini',
    });
  });

  it('fails below 250, which starts no bare program from a PATH', () => {
    expect(judgeSystemd(version('v249.11-0ubuntu3.12'))).toMatchObject({
      level: 'fail',
      found: 'v249.11-0ubuntu3.12',
      cost: expect.stringContaining('PATH'),
    });
  });

  it('warns below 252, and names the settings that are lacking by then', () => {
    const found = judgeSystemd(version('251.4'));

    expect(found).toMatchObject({ level: 'warn', cost: expect.stringContaining('StartupAllowedCPUs') });
    expect(found).not.toMatchObject({ cost: expect.stringContaining('MemoryZSwapMax') });
  });

  it('is known by its own program where the bus is silent', () => {
    expect(judgeSystemd(manager({ bus: SILENT, programVersion: 'systemd 255 (255.4-1)' }))).toMatchObject({
      level: 'ok',
      found: expect.stringContaining('systemd 255 (255.4-1)'),
    });
  });

  it('warns where nothing tells its version', () => {
    expect(judgeSystemd(manager({ bus: SILENT }))).toMatchObject({ level: 'warn' });
  });
});

describe('D-Bus', () => {
  it('is fine where systemd answers', () => {
    expect(judgeBus(manager(), ROOT)).toEqual({
      check: 'D-Bus',
      level: 'ok',
      found: 'systemd answers at unix:path=/run/dbus/system_bus_socket',
    });
  });

  it('fails where it is silent, and says what to install', () => {
    expect(judgeBus(manager({ bus: SILENT }), ROOT)).toMatchObject({
      level: 'fail',
      found: 'there is no /run/bus',
      advice: expect.stringContaining('install dbus'),
    });
  });

  it('hands on what is known to help', () => {
    const bus = { ...SILENT, advice: 'log in anew' };

    expect(judgeBus(manager({ bus }), ALICE)).toMatchObject({ level: 'fail', advice: 'log in anew' });
  });
});

describe('permissions', () => {
  it('are fine for root, and nothing is asked of a user with servers of their own', () => {
    expect(judgeRights(ROOT)).toMatchObject({ level: 'ok' });
    expect(judgeRights(ALICE)).toBeUndefined();
  });

  it("warn somebody else who looks at the host's servers", () => {
    expect(judgeRights({ ...ALICE, isUserMode: false })).toMatchObject({
      level: 'warn',
      found: expect.stringContaining('alice'),
      lines: ['sudo hublet doctor'],
    });
  });
});

describe('linger', () => {
  it('is fine where it is on, and nothing is asked of root', () => {
    expect(judgeLinger(manager({ isLingering: true }), ALICE)).toMatchObject({ level: 'ok' });
    expect(judgeLinger(manager(), ROOT)).toBeUndefined();
  });

  it('warns where servers end with the last login', () => {
    expect(judgeLinger(manager({ isLingering: false }), ALICE)).toMatchObject({
      level: 'warn',
      lines: ['loginctl enable-linger alice'],
    });
  });
});
