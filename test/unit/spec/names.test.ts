import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverNameProblem } from '../../../src/spec/names.ts';
import { isUnicodeText } from '../../../src/units/paths.ts';

describe('the name of a server', () => {
  it.each([
    'alice',
    'a b',
    'dom\\dd',
    'u@x.org',
    'ü',
    'A',
    '-x',
    '{NAME}',
    '007',
    'x'.repeat(128),
    'ü'.repeat(64),
    '😀',
  ])('may be %j', (name) => {
    expect(serverNameProblem(name)).toBeUndefined();
  });

  it.each([
    ['', 'must not be empty'],
    ['..', 'must not begin with a dot'],
    ['.hidden', 'must not begin with a dot'],
    ['a/b', "must not hold '/' or '~'"],
    ['../etc/passwd', 'must not begin with a dot'],
    ['a~', "must not hold '/' or '~'"],
    ['a\nb', 'must not hold control characters'],
    ['a\0', 'must not hold control characters'],
    ['a\u0085', 'must not hold control characters'],
    ['a\ufffe', 'must not hold code points that are no characters'],
    ['a\ud800', 'must not hold code points that are no characters'],
    ['x'.repeat(129), 'must be at most 128 bytes long'],
    [`${'ü'.repeat(64)}a`, 'must be at most 128 bytes long'],
  ])('may not be %j', (name, problem) => {
    expect(serverNameProblem(name)).toBe(problem);
  });

  it('is always text that systemd takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        if (serverNameProblem(name) === undefined) expect(isUnicodeText(name)).toBe(true);
      }),
    );
  });
});
