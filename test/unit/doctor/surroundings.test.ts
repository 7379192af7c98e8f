import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BASIC_FILES } from '../../../src/cgroup/parse.ts';
import type { HttpFacts, JournalFacts, LimitFacts } from '../../../src/doctor/facts.ts';
import { judgeFiles, judgeInotify } from '../../../src/doctor/limits.ts';
import { judgeNamespaces, judgeNode, judgePrograms } from '../../../src/doctor/programs.ts';
import { judgeClock, judgeHttp, judgeJournal, judgePorts } from '../../../src/doctor/surroundings.ts';
import { UNWATCHED_MS } from '../../../src/source/listingTimer.ts';
import { ALICE, healthy, ROOT } from './healthy.ts';

const NOT_ROOT = { ...ALICE, isUserMode: false };

function limits(change: Partial<LimitFacts> = {}): LimitFacts {
  return { ...healthy().limits, ...change };
}

describe('inotify', () => {
  it('is fine where a watch can be made and there are many', () => {
    expect(judgeInotify(limits())).toMatchObject({ level: 'ok', found: expect.stringContaining('65536 watches') });
  });

  it.each([
    ['EMFILE', 'fs.inotify.max_user_instances'],
    ['ENOSPC', 'fs.inotify.max_user_watches'],
  ])('warns where the kernel answers %s, with the sysctl that is too low', (inotifyRefusal, sysctl) => {
    expect(judgeInotify(limits({ inotifyRefusal }))).toMatchObject({
      level: 'warn',
      lines: [expect.stringContaining(sysctl), 'sysctl --system'],
    });
  });

  it('warns where a watch is refused for another reason', () => {
    expect(judgeInotify(limits({ inotifyRefusal: 'ENOSYS' }))).toMatchObject({
      level: 'warn',
      found: expect.stringContaining('ENOSYS'),
    });
  });

  it('warns where there are few watches, and says how soon a change is seen without', () => {
    expect(judgeInotify(limits({ inotifyWatches: 512 }))).toMatchObject({
      level: 'warn',
      cost: expect.stringContaining(` every ${UNWATCHED_MS / 1000} s `),
    });
  });
});

describe('open files', () => {
  it('are fine where the service can have those it asks for', () => {
    const unit = readFileSync(join(import.meta.dirname, '../../../systemd/hublet.service'), 'utf8');
    const asked = /^LimitNOFILE=(\d+)$/m.exec(unit)?.[1];

    expect(judgeFiles(limits(), ROOT)).toMatchObject({ level: 'ok', found: expect.stringContaining(` ${asked} `) });
  });

  it('warn where the kernel allows no process as many', () => {
    expect(judgeFiles(limits({ filesOfAny: 65_536 }), ROOT)).toMatchObject({
      level: 'warn',
      lines: expect.arrayContaining([expect.stringContaining('fs.nr_open')]),
    });
  });

  it('are those of the session for a user', () => {
    expect(judgeFiles(limits({ filesOfThis: 4096, filesOfAny: 1 }), ALICE)).toMatchObject({ level: 'ok' });
    expect(judgeFiles(limits({ filesOfThis: Number.POSITIVE_INFINITY }), ALICE)).toMatchObject({ level: 'ok' });
    expect(judgeFiles(limits({ filesOfThis: 1024 }), ALICE)).toMatchObject({
      level: 'warn',
      cost: expect.stringContaining(`about ${Math.floor(512 / BASIC_FILES.length)} servers`),
      lines: expect.arrayContaining([expect.stringContaining('LimitNOFILE=')]),
    });
  });
});

describe('programs', () => {
  it('are fine where all are there', () => {
    expect(judgePrograms([], ROOT)).toMatchObject({ level: 'ok' });
  });

  it('fail where the lock or the accounts would be out of reach, with the packages', () => {
    expect(judgePrograms(['flock', 'journalctl'], ROOT)).toMatchObject({
      level: 'fail',
      found: 'not on PATH: flock, journalctl',
      lines: ['apt install util-linux systemd'],
    });
  });

  it('warn where only the journal would be', () => {
    expect(judgePrograms(['journalctl'], ROOT)).toMatchObject({ level: 'warn' });
  });

  it('count systemd-run in user mode alone', () => {
    expect(judgePrograms(['systemd-run'], ROOT)).toMatchObject({ level: 'ok' });
    expect(judgePrograms(['systemd-run'], ALICE)).toMatchObject({ level: 'fail' });
  });
});

describe('Node', () => {
  it('is fine from 24 on', () => {
    expect(judgeNode('24.0.0')).toMatchObject({ level: 'ok' });
    expect(judgeNode('9.11.2')).toMatchObject({ level: 'fail' });
  });
});

describe('user namespaces', () => {
  it('are fine where nothing forbids them, and nothing is asked of root', () => {
    expect(judgeNamespaces(healthy().kernel, ALICE)).toMatchObject({ level: 'ok' });
    expect(judgeNamespaces(healthy().kernel, ROOT)).toBeUndefined();
  });

  it('warn where the host forbids them, with the sysctls that do', () => {
    const namespaceBars = ['user.max_user_namespaces=0', 'kernel.apparmor_restrict_unprivileged_userns=1'];

    expect(judgeNamespaces({ ...healthy().kernel, namespaceBars }, ALICE)).toMatchObject({
      level: 'warn',
      advice: expect.stringContaining('AppArmor'),
      lines: [
        expect.stringContaining("'user.max_user_namespaces = 15000'"),
        expect.stringContaining("'kernel.apparmor_restrict_unprivileged_userns = 0'"),
        'sysctl --system',
      ],
    });
  });
});

describe('the journal', () => {
  const none: JournalFacts = { directories: [], isPersistent: false, isReadable: false };
  const volatile: JournalFacts = { directories: ['/run/log/journal/abc'], isPersistent: false, isReadable: false };

  it('is fine where it can be read, also in memory', () => {
    expect(judgeJournal(healthy().journal, ROOT)).toMatchObject({ level: 'ok' });
    expect(judgeJournal({ ...volatile, isReadable: true }, ROOT)).toMatchObject({
      level: 'ok',
      found: expect.stringContaining('gone with each boot'),
    });
  });

  it('warns where there is none', () => {
    expect(judgeJournal(none, ROOT)).toMatchObject({ level: 'warn' });
  });

  it('is fine for a user where journals are on disk, as each has one there', () => {
    expect(judgeJournal({ ...healthy().journal, isReadable: false }, ALICE)).toMatchObject({ level: 'ok' });
  });

  it('warns a user who can read none', () => {
    expect(judgeJournal(volatile, ALICE)).toMatchObject({
      level: 'warn',
      lines: [expect.stringContaining('/var/log/journal'), 'usermod -aG systemd-journal alice'],
    });
  });

  it('says no more than it can of what only root may read', () => {
    expect(judgeJournal(volatile, NOT_ROOT)).toMatchObject({ level: 'ok', found: expect.stringContaining('alice') });
  });
});

describe('the clock', () => {
  it('is fine where NTP sets it, else warns', () => {
    expect(judgeClock({ kind: 'known', isSynchronized: true })).toMatchObject({ level: 'ok' });
    expect(judgeClock({ kind: 'known', isSynchronized: false })).toMatchObject({
      level: 'warn',
      lines: ['timedatectl set-ntp true'],
    });
    expect(judgeClock({ kind: 'unknown', message: 'no answer' })).toMatchObject({
      level: 'warn',
      found: expect.stringContaining('no answer'),
    });
  });
});

describe('HTTP', () => {
  const http = (change: Partial<HttpFacts>) =>
    judgeHttp({ listen: '127.0.0.1:9810', holders: [], isOurs: false, ...change }, ROOT);

  it.each([
    ['off', { listen: null }, 'off'],
    ['a free port', { listen: '127.0.0.1:0' }, 'a free port of 127.0.0.1, told in status.json'],
    ['a socket file', { listen: 'unix:/run/x' }, 'unix:/run/x'],
    ['nobody there', {}, '127.0.0.1:9810 is free'],
    ['hublet itself there', { holders: [0], isOurs: true }, '127.0.0.1:9810, where hublet listens now'],
  ])('is fine: %s', (_, change, found) => {
    expect(http(change)).toEqual({ check: 'HTTP', level: 'ok', found });
  });

  it('warns where somebody else listens there', () => {
    expect(http({ holders: [0, 33] })).toMatchObject({
      level: 'warn',
      found: 'root and uid 33 listen on the port of 127.0.0.1:9810',
    });
  });

  it('leaves open who of root it is where only root can know', () => {
    expect(judgeHttp({ listen: '127.0.0.1:9810', holders: [0], isOurs: false }, NOT_ROOT)).toMatchObject({
      level: 'ok',
    });
  });

  it('says nothing where the configuration is not known', () => {
    expect(judgeHttp(undefined, ROOT)).toBeUndefined();
    expect(judgePorts(undefined)).toBeUndefined();
  });
});

describe('ports of servers', () => {
  const servers = { first: 20_000, last: 29_999 };

  it('are fine apart from those of outgoing connections, or reserved', () => {
    expect(judgePorts({ servers, outgoing: { first: 32_768, last: 60_999 }, reserved: [] })).toMatchObject({
      level: 'ok',
    });
    expect(judgePorts({ servers, outgoing: undefined, reserved: [] })).toMatchObject({ level: 'ok' });
    expect(
      judgePorts({ servers, outgoing: { first: 1024, last: 65_535 }, reserved: [{ first: 20_000, last: 30_000 }] }),
    ).toMatchObject({ level: 'ok' });
  });

  it('warn where a connection could hold one, and keep what is reserved already', () => {
    expect(
      judgePorts({ servers, outgoing: { first: 1024, last: 65_535 }, reserved: [{ first: 8080, last: 8080 }] }),
    ).toMatchObject({
      level: 'warn',
      lines: [expect.stringContaining('ip_local_reserved_ports = 8080,20000-29999'), 'sysctl --system'],
    });
  });
});
