import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountKey, isFilesFirst, parsePasswd, parsePasswdLine } from '../../../src/accounts/passwd.ts';

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
  expect(parsePasswd('a:x:1:1:::\nbroken\n\nb:x:2:2:::').map(({ name }) => name)).toEqual(['a', 'b']);
});

test.each([
  ['alice', { kind: 'name', name: 'alice' }],
  ['alice@example.org', { kind: 'name', name: 'alice@example.org' }],
  ['EXAMPLE\\alice smith', { kind: 'name', name: 'EXAMPLE\\alice smith' }],
  ['0', { kind: 'uid', uid: 0 }],
  ['1000', { kind: 'uid', uid: 1000 }],
])('%j is asked for', (text, key) => {
  expect(accountKey(text)).toEqual(key);
});

// getent takes numbers with strtoul and cuts them to 32 bits: 4294967296 would be answered with root.
test.each(['', '-1', '--service=x', '+5', ' 5', '5 ', '007', '4294967295', '4294967296', 'a:b', 'a\nb', 'a\0b'])(
  '%j is no account and is not asked for',
  (text) => {
    expect(accountKey(text)).toEqual({ kind: 'impossible' });
  },
);

test('no text that is asked for is an option or more than one line', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      if (accountKey(text).kind !== 'impossible') expect(text).toMatch(/^[^-+:\n\0][^:\n\0]*$/);
    }),
  );
});

test.each([
  ['passwd: files systemd', true],
  ['passwd:files', true],
  ['# passwd: ldap\npasswd:\tfiles ldap # local ones first', true],
  ['passwd: files [NOTFOUND=continue] sss', true],
  ['passwd: files [SUCCESS=return] sss', true],
  ['passwd: files [SUCCESS=continue] sss', false],
  ['passwd: files [NOTFOUND=return] [success=merge] sss', false],
  ['passwd: files [!NOTFOUND=continue] sss', false],
  ['passwd: sss files', false],
  ['passwd: compat', false],
  ['passwd: filesystem', false],
  ['passwd: files\npasswd: sss', false],
  ['passwd:', false],
  ['group: files', false],
  ['', false],
])('%j: a hit in the file is final: %s', (text, isFirst) => {
  expect(isFilesFirst(text)).toBe(isFirst);
});
