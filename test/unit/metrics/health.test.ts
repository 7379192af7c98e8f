import { expect, test } from 'vitest';
import { answerHealth, type HealthCheck } from '../../../src/metrics/health.ts';

const fine: HealthCheck = { name: 'lock', check: () => undefined };
const broken: HealthCheck = { name: 'dbus', check: () => 'not connected\nfor 5 s' };
const throwing: HealthCheck = {
  name: 'sources',
  check: () => {
    throw new Error('oops');
  },
};
const plain = { isVerbose: false, excluded: [] };

test('all well is ok', () => {
  expect(answerHealth('readyz', [fine], plain)).toEqual({ status: 200, text: 'ok\n' });
  expect(answerHealth('healthz', [], plain)).toEqual({ status: 200, text: 'ok\n' });
});

test('verbose names each check', () => {
  const answer = answerHealth('readyz', [fine], { ...plain, isVerbose: true });
  expect(answer.text).toBe('[+]lock ok\nreadyz check passed\n');
});

test('a failure is told with its reason on one line, asked for or not', () => {
  expect(answerHealth('readyz', [fine, broken], plain)).toEqual({
    status: 503,
    text: '[+]lock ok\n[-]dbus failed: not connected for 5 s\nreadyz check failed\n',
  });
});

test('a check that throws has failed', () => {
  const { status, text } = answerHealth('healthz', [throwing], plain);
  expect([status, text]).toEqual([503, '[-]sources failed: the check broke: oops\nhealthz check failed\n']);
});

test('one check can be asked for, and an unknown one is not found', () => {
  const checks = [fine, broken];
  expect(answerHealth('readyz', checks, { ...plain, only: 'lock' }).status).toBe(200);
  expect(answerHealth('readyz', checks, { ...plain, only: 'dbus' }).status).toBe(503);
  expect(answerHealth('readyz', checks, { ...plain, only: 'nope' }).status).toBe(404);
});

test('an excluded check does not count', () => {
  expect(answerHealth('readyz', [fine, broken], { ...plain, excluded: ['dbus'] }).status).toBe(200);
});

test('an excluded check is told of as such, and a name that no check has with a warning', () => {
  const wish = { isVerbose: true, excluded: ['dbus', 'nope'] };
  expect(answerHealth('readyz', [fine, broken], wish)).toEqual({
    status: 200,
    text: [
      '[+]lock ok',
      '[+]dbus excluded: ok',
      'warn: some health checks cannot be excluded: no matches for nope',
      'readyz check passed\n',
    ].join('\n'),
  });
});
