import { describe, expect, it } from 'vitest';
import { judgeConfiguration, judgePlace } from '../../../src/doctor/directories.ts';
import { examine } from '../../../src/doctor/examine.ts';
import { worstOf } from '../../../src/doctor/finding.ts';
import { ALICE, healthy, place, ROOT } from './healthy.ts';

describe('the configuration', () => {
  it('is fine without files, and with good ones', () => {
    expect(judgeConfiguration({ kind: 'good', files: [] })).toMatchObject({ level: 'ok', found: 'no files: defaults' });
    expect(judgeConfiguration({ kind: 'good', files: ['/etc/x.yaml'] })).toMatchObject({ found: 'good: /etc/x.yaml' });
  });

  it('fails where it is bad, with the line at fault', () => {
    expect(judgeConfiguration({ kind: 'bad', message: '/etc/x.yaml:3:1: portz' })).toMatchObject({
      level: 'fail',
      found: '/etc/x.yaml:3:1: portz',
    });
  });
});

describe('a directory', () => {
  it.each(['runtime', 'state', 'source'] as const)('is fine as it should be: %s', (role) => {
    expect(judgePlace(place(role), ROOT)).toMatchObject({ level: 'ok', found: `/srv/${role}` });
  });

  it('is fine where hublet makes it and can', () => {
    const state = { kind: 'missing', above: '/srv' } as const;

    expect(judgePlace(place('state', { state }), ROOT)).toMatchObject({ level: 'ok' });
    expect(judgePlace(place('source', { state, isMadeByHublet: true }), ALICE)).toMatchObject({ level: 'ok' });
  });

  it.each([
    ['EROFS', 'read-only file system'],
    ['EACCES', 'EACCES'],
  ])('fails where hublet would make it and can not: %s', (refusal, words) => {
    const state = { kind: 'missing', above: '/srv' } as const;

    expect(judgePlace(place('runtime', { state, refusal }), ROOT)).toMatchObject({
      level: 'fail',
      found: expect.stringMatching(new RegExp(`^/srv .*${words}`)),
    });
  });

  it('sends a user without a runtime directory to the systemd that brings it', () => {
    const missing = place('runtime', { state: { kind: 'missing', above: '/run/user' }, refusal: 'EACCES' });

    expect(judgePlace(missing, ALICE)).toMatchObject({ level: 'fail', advice: expect.stringContaining('D-Bus') });
  });

  it('fails where hublet writes and can not', () => {
    expect(judgePlace(place('state', { refusal: 'EROFS' }), ROOT)).toMatchObject({ level: 'fail' });
  });

  it('warns where only the command line would write', () => {
    expect(judgePlace(place('source', { refusal: 'EROFS' }), ROOT)).toMatchObject({
      level: 'warn',
      cost: expect.stringContaining('hublet apply'),
    });
  });

  it('warns where an admin named one that nobody makes', () => {
    expect(judgePlace(place('source', { state: { kind: 'missing', above: '/srv' } }), ROOT)).toMatchObject({
      level: 'warn',
      lines: ['install -d -o root -m 755 /srv/source'],
    });
  });

  it('fails where specs were read from it before: it is lost', () => {
    const lost = place('source', { state: { kind: 'missing', above: '/srv' }, isExpected: true });

    expect(judgePlace(lost, ROOT)).toMatchObject({ level: 'fail', found: '/srv/source is gone' });
  });

  it("fails where it is another account's, with the command that mends it", () => {
    const state = { kind: 'directory', uid: 33, mode: 0o755 } as const;

    expect(judgePlace(place('source', { state }), ROOT)).toMatchObject({
      level: 'fail',
      lines: ['chown root /srv/source'],
    });
    expect(judgePlace(place('source', { state, ownerUid: 33 }), ROOT)).toMatchObject({ level: 'ok' });
  });

  it.each([
    [0o775, 'its group'],
    [0o777, 'everybody'],
  ])('fails where others can write it: %o', (mode, who) => {
    const state = { kind: 'directory', uid: 0, mode } as const;

    expect(judgePlace(place('source', { state, path: '/srv/a b' }), ROOT)).toMatchObject({
      level: 'fail',
      found: `/srv/a b can be written by ${who}`,
      lines: ["chmod go-w '/srv/a b'"],
    });
  });

  it('fails where it is no directory, or can not be looked at', () => {
    expect(judgePlace(place('state', { state: { kind: 'other' } }), ROOT)).toMatchObject({ level: 'fail' });
    expect(judgePlace(place('state', { state: { kind: 'unreadable', code: 'EIO' } }), ROOT)).toMatchObject({
      level: 'fail',
      advice: expect.stringContaining('EIO'),
    });
  });

  it("is left to root where a look at the host's is made by another", () => {
    const state = { kind: 'unreadable', code: 'EACCES' } as const;

    expect(judgePlace(place('state', { state }), { ...ALICE, isUserMode: false })).toMatchObject({ level: 'ok' });
    expect(judgePlace(place('state', { state }), ALICE)).toMatchObject({ level: 'fail' });
  });
});

describe('the whole machine', () => {
  it('is ok where nothing is amiss, for root and for a user', () => {
    expect(examine(healthy()).filter(({ level }) => level !== 'ok')).toEqual([]);
    expect(examine(healthy(ALICE)).filter(({ level }) => level !== 'ok')).toEqual([]);
    expect(worstOf(examine(healthy()))).toBe('ok');
  });

  it('is as well as the worst that was found', () => {
    const unset = { ...healthy(), clock: { kind: 'known', isSynchronized: false } } as const;

    expect(worstOf(examine(unset))).toBe('warn');
    expect(worstOf(examine({ ...unset, nodeVersion: '18.0.0' }))).toBe('fail');
  });

  it('says what a lack costs and what to do wherever something is not ok', () => {
    const facts = healthy(ALICE);
    const bad = examine({
      ...facts,
      manager: { ...facts.manager, isBooted: false, isLingering: false },
      cgroup: { ...facts.cgroup, hierarchy: 'legacy' },
      kernel: { ...facts.kernel, hasPressure: false },
    }).filter((finding) => finding.level !== 'ok');

    expect(bad).toHaveLength(5);
    for (const finding of bad) {
      expect(finding.cost).not.toBe('');
      expect(finding.advice).not.toBe('');
    }
  });
});
