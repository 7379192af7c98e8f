import { describe, expect, it } from 'vitest';
import { judgeCpuLimit, judgeCpuShares, judgePressure, judgeSwap } from '../../../src/doctor/accounting.ts';
import { judgeControllers, judgeHierarchy } from '../../../src/doctor/cgroup.ts';
import type { CgroupFacts, KernelFacts } from '../../../src/doctor/facts.ts';
import { ALICE, healthy, ROOT } from './healthy.ts';

function cgroup(change: Partial<CgroupFacts> = {}): CgroupFacts {
  return { ...healthy().cgroup, ...change };
}

function kernel(change: Partial<KernelFacts> = {}): KernelFacts {
  return { ...healthy().kernel, ...change };
}

const NO_FILES = { 'memory.swap.max': undefined, 'cpu.max': undefined, 'cpu.weight': undefined };

describe('cgroup v2', () => {
  it('is fine alone', () => {
    expect(judgeHierarchy(cgroup())).toMatchObject({ level: 'ok' });
  });

  it.each(['hybrid', 'legacy'] as const)(
    'fails where v1 is mounted (%s), and says which option changes that',
    (hierarchy) => {
      expect(judgeHierarchy(cgroup({ hierarchy }))).toMatchObject({
        level: 'fail',
        lines: expect.arrayContaining(['systemd.unified_cgroup_hierarchy=1']),
      });
    },
  );

  it('fails where nothing is mounted', () => {
    expect(judgeHierarchy(cgroup({ hierarchy: 'none' }))).toMatchObject({ level: 'fail' });
  });
});

describe('controllers', () => {
  it('are fine where all five are there, those that hublet has no use for left out', () => {
    expect(judgeControllers(cgroup(), ROOT)).toEqual({
      check: 'controllers',
      level: 'ok',
      found: 'cpu cpuset io memory pids',
    });
    expect(judgeControllers(cgroup(), ALICE)).toMatchObject({ level: 'ok' });
  });

  it.each(['cpu', 'memory', 'pids'])('fail on a host without %s: a limit that nobody holds', (missing) => {
    const controllers = ['cpu', 'cpuset', 'io', 'memory', 'pids'].filter((name) => name !== missing);

    expect(judgeControllers(cgroup({ controllers }), ROOT)).toMatchObject({
      level: 'fail',
      found: expect.stringContaining(`not ${missing}`),
    });
  });

  it('warn on a host without those that few servers need, and name the fields', () => {
    expect(judgeControllers(cgroup({ controllers: ['cpu', 'memory', 'pids'] }), ROOT)).toMatchObject({
      level: 'warn',
      found: 'cpu memory pids; not cpuset, io',
      cost: expect.stringMatching(/resources\.cpu\.cpus, resources\.io$/),
    });
  });

  it('warn a user of those that were not delegated, as their fields are refused by name', () => {
    expect(judgeControllers(cgroup({ controllers: ['memory', 'pids'] }), ALICE)).toMatchObject({
      level: 'warn',
      cost: expect.stringContaining('refused'),
      lines: expect.arrayContaining([expect.stringContaining('Delegate=cpu cpuset io memory pids')]),
    });
  });

  it('fail where none can be on cgroup v2, and warn a user whose systemd has no cgroup: D-Bus has failed already', () => {
    expect(judgeControllers(cgroup({ hierarchy: 'hybrid' }), ROOT)).toMatchObject({ level: 'fail' });
    expect(judgeControllers(cgroup({ controllers: undefined }), ROOT)).toMatchObject({ level: 'fail' });
    expect(judgeControllers(cgroup({ controllers: undefined }), ALICE)).toMatchObject({ level: 'warn' });
  });
});

describe('CPU limits and shares', () => {
  it('are fine where a cgroup with the controller has the files', () => {
    expect(judgeCpuLimit(cgroup(), kernel())).toMatchObject({ level: 'ok' });
    expect(judgeCpuShares(cgroup(), kernel())).toMatchObject({ level: 'ok' });
  });

  it('warn where such a cgroup lacks the file, whatever the options of the build say', () => {
    const config = new Map([
      ['CFS_BANDWIDTH', 'y'],
      ['FAIR_GROUP_SCHED', 'y'],
    ]);
    const files = { ...healthy().cgroup.files, 'cpu.max': false, 'cpu.weight': false };

    expect(judgeCpuLimit(cgroup({ files }), kernel({ config }))).toMatchObject({
      level: 'warn',
      found: expect.stringContaining('CONFIG_CFS_BANDWIDTH'),
    });
    expect(judgeCpuShares(cgroup({ files }), kernel({ config }))).toMatchObject({
      level: 'warn',
      found: expect.stringContaining('CONFIG_FAIR_GROUP_SCHED'),
    });
  });

  it('are told by the options of the build where no cgroup has the controller yet', () => {
    const unseen = cgroup({ files: NO_FILES });
    const config = new Map([['CFS_BANDWIDTH', 'y']]);

    expect(judgeCpuLimit(unseen, kernel({ config }))).toMatchObject({ level: 'ok' });
    expect(judgeCpuShares(unseen, kernel({ config }))).toMatchObject({ level: 'warn' });
  });

  it('are told by the sysctl that comes with them', () => {
    const unseen = cgroup({ files: NO_FILES });

    expect(judgeCpuLimit(unseen, kernel({ hasCpuLimitSysctl: true }))).toMatchObject({ level: 'ok' });
    expect(judgeCpuShares(unseen, kernel({ hasCpuLimitSysctl: true }))).toMatchObject({ level: 'ok' });
  });

  it('warn where nothing tells', () => {
    const unseen = cgroup({ files: NO_FILES });

    expect(judgeCpuLimit(unseen, kernel())).toMatchObject({
      level: 'warn',
      found: expect.stringContaining('not known'),
    });
    expect(judgeCpuShares(unseen, kernel())).toMatchObject({
      level: 'warn',
      found: expect.stringContaining('not known'),
    });
  });
});

describe('swap accounting', () => {
  it('is fine where it is on, and where there is no swap', () => {
    expect(judgeSwap(cgroup(), kernel())).toMatchObject({ level: 'ok', found: 'on' });
    const files = { ...healthy().cgroup.files, 'memory.swap.max': false };
    expect(judgeSwap(cgroup({ files }), kernel({ hasSwap: false }))).toMatchObject({ level: 'ok' });
  });

  it('warns where the kernel does not count it, with the option that makes it', () => {
    const files = { ...healthy().cgroup.files, 'memory.swap.max': false };

    expect(judgeSwap(cgroup({ files }), kernel({ commandLine: ['swapaccount=0'] }))).toMatchObject({
      level: 'warn',
      advice: expect.stringContaining('in the place of swapaccount=0'),
      lines: ['swapaccount=1'],
    });
  });

  it('gives no option to a kernel that was built without it', () => {
    const files = { ...healthy().cgroup.files, 'memory.swap.max': false };
    const old = judgeSwap(cgroup({ files }), kernel({ release: '5.10.0', config: new Map([['MEMCG', 'y']]) }));

    expect(old).toMatchObject({ level: 'warn', advice: expect.stringContaining('swapoff') });
    expect(old).not.toHaveProperty('lines');
  });

  it('warns where nothing tells, and this host may have swap', () => {
    expect(judgeSwap(cgroup({ files: NO_FILES }), kernel({ hasSwap: undefined }))).toMatchObject({ level: 'warn' });
  });
});

describe('pressure', () => {
  it('is fine where the kernel tells it', () => {
    expect(judgePressure(kernel())).toMatchObject({ level: 'ok' });
  });

  it('warns where it is turned off, with the option that turns it on', () => {
    expect(judgePressure(kernel({ hasPressure: false, commandLine: ['quiet', 'psi=0'] }))).toMatchObject({
      level: 'warn',
      advice: expect.stringContaining('in the place of psi=0'),
      lines: ['psi=1'],
    });
    expect(judgePressure(kernel({ hasPressure: false }))).toMatchObject({ level: 'warn', lines: ['psi=1'] });
  });

  it('gives no option to a kernel that was built without it', () => {
    const built = judgePressure(kernel({ hasPressure: false, config: new Map() }));

    expect(built).toMatchObject({ level: 'warn', found: expect.stringContaining('CONFIG_PSI') });
    expect(built).not.toHaveProperty('lines');
  });
});
