import { describe, expect, it } from 'vitest';
import { CliError } from '../../../src/cli/errors.ts';
import { matchesSelector, parseSelector } from '../../../src/cli/selector.ts';

const LABELS = { team: 'physics', tier: 'test', 'example.org/gpu': '' };

describe('label selectors', () => {
  it.each([
    ['', true],
    ['team=physics', true],
    ['team==physics', true],
    ['team = physics', true],
    ['team=maths', false],
    ['absent=x', false],
    ['team!=maths', true],
    ['team!=physics', false],
    ['absent!=x', true],
    ['team in (maths, physics)', true],
    ['team in (maths)', false],
    ['team notin (maths)', true],
    ['absent notin (maths)', true],
    ['team', true],
    ['absent', false],
    ['!absent', true],
    ['!team', false],
    ['example.org/gpu', true],
    ['example.org/gpu=', true],
    ['team=physics,tier in (test,prod),!absent', true],
    ['team=physics,tier=prod', false],
    ['constructor', false],
  ])('%j: %s', (text, expected) => {
    expect(matchesSelector(LABELS, parseSelector(text))).toBe(expected);
  });

  it.each(['team=a=b', 'team in', 'team in (a', 'a,,b', '=x', '!', 'team>3'])('refuses %j as wrong usage', (text) => {
    expect(() => parseSelector(text)).toThrow(CliError);
    expect(() => parseSelector(text)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});
