import { expect, test } from 'vitest';
import { parseEntries } from '../../../src/accounts/database.ts';
import { PASSWD, parsePasswdLine } from '../../../src/accounts/passwd.ts';

test('a line gives the account', () => {
  expect(parsePasswdLine('alice:x:1000:100:Alice,,,:/home/alice:/bin/bash')).toEqual({
    name: 'alice',
    uid: 1000,
    gid: 100,
    home: '/home/alice',
    shell: '/bin/bash',
  });
});

test('an empty home and shell stay empty', () => {
  expect(parsePasswdLine('a:x:1:1:::')).toEqual({ name: 'a', uid: 1, gid: 1, home: '', shell: '' });
});

test.each([
  '',
  '# alice:x:1:1:::',
  '+::::::',
  '-bob:x:1:1:::',
  'alice:x:1:1::',
  'alice:x:1:1::::',
  ':x:1:1:::',
  'alice:x::1:::',
  'alice:x:-1:1:::',
  'alice:x:01:1:::',
  'alice:x:4294967295:1:::',
])('no account: %j', (line) => {
  expect(parsePasswdLine(line)).toBeUndefined();
});

test('broken lines of a file are passed over', () => {
  expect(parseEntries('a:x:1:1:::\nbroken\n\nb:x:2:2:::', PASSWD).map(({ name }) => name)).toEqual(['a', 'b']);
});
