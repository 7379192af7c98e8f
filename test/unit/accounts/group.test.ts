import { expect, test } from 'vitest';
import { parseGroupLine } from '../../../src/accounts/group.ts';

test('a line gives the group without its members', () => {
  expect(parseGroupLine('video:x:44:alice,bob')).toEqual({ name: 'video', gid: 44 });
  expect(parseGroupLine('empty:*:0:')).toEqual({ name: 'empty', gid: 0 });
});

test.each(['', '# g:x:1:', '+:::', '-g:x:1:', 'g:x:1', 'g:x:1::', ':x:1:', 'g:x::', 'g:x:01:', 'g:x:4294967295:'])(
  'no group: %j',
  (line) => {
    expect(parseGroupLine(line)).toBeUndefined();
  },
);
