import { describe, expect, it } from 'vitest';
import { choosePool } from '../../../src/admission/pools.ts';

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
