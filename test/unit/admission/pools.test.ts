import { describe, expect, it } from 'vitest';
import { choosePool, poolProblem } from '../../../src/admission/pools.ts';
import type { UserManagerFacts } from '../../../src/admission/userMode.ts';

const pools = new Map([
  ['default', {}],
  ['gpu', {}],
]);

describe('the pool of a server', () => {
  it('is the one that it names, else the default, else none', () => {
    expect(choosePool('gpu', pools, 'default')).toEqual({ kind: 'pool', pool: 'gpu' });
    expect(choosePool(undefined, pools, 'default')).toEqual({ kind: 'pool', pool: 'default' });
    expect(choosePool(undefined, new Map(), undefined)).toEqual({ kind: 'pool', pool: undefined });
  });

  it.each([
    ['gup', 'there is no pool gup, did you mean gpu? (pools are in the configuration, which has default, gpu)'],
    ['physics', 'there is no pool physics (pools are in the configuration, which has default, gpu)'],
  ])('is never one that is not configured: %s', (name, message) => {
    expect(choosePool(name, pools, 'default')).toEqual({ kind: 'unknown', message: `spec.pool: ${message}` });
  });

  it('is refused where nothing is configured, instead of running without limits', () => {
    expect(choosePool('gpu', new Map(), undefined)).toEqual({
      kind: 'unknown',
      message: 'spec.pool: there is no pool gpu (pools are in the configuration, which has none)',
    });
  });
});

describe('a pool in user mode', () => {
  const facts: UserManagerFacts = {
    uid: 1000,
    userName: 'alice',
    controllers: new Set(['memory', 'pids']),
    namespaceProblem: undefined,
    filesMax: undefined,
    niceMin: 0,
    oomScoreAdjustMin: 200,
  };

  it('takes servers where its limits can be kept', () => {
    expect(poolProblem('gpu', { memoryMax: { kind: 'ofHost', percent: 50 }, tasksMax: 9 }, facts)).toBeUndefined();
    expect(poolProblem('gpu', {}, { ...facts, controllers: new Set() })).toBeUndefined();
  });

  it('refuses servers where a limit would not be kept, naming it and what to do', () => {
    expect(poolProblem('gpu', { memoryMax: { kind: 'ofHost', percent: 50 }, allowedCpus: [0] }, facts)).toMatch(
      /^spec\.pool: pools\.gpu\.cpu\.cpus of the configuration can't be kept: the cgroup controller cpuset is not delegated .*Delegate=/,
    );
    expect(poolProblem('gpu', { ioWeight: 5 }, facts)).toContain('pools.gpu.io.weight');
  });
});
