import { expect, test } from 'vitest';
import { isFilesFirst } from '../../../src/accounts/nsswitch.ts';

test.each([
  ['passwd: files systemd', true],
  ['passwd:files', true],
  ['# passwd: ldap\npasswd:\tfiles ldap # local ones first', true],
  ['passwd: files [NOTFOUND=continue] sss', true],
  ['passwd: files [SUCCESS=return] sss', true],
  ['passwd: files [SUCCESS=continue] sss', false],
  ['passwd: files [NOTFOUND=return] [success=merge] sss', true],
  ['passwd: files [!NOTFOUND=continue] sss', false],
  ['passwd: sss files', false],
  ['passwd: compat', false],
  ['passwd: filesystem', false],
  ['passwd: files\npasswd: sss', false],
  ['passwd:', false],
  ['group: files', false],
  ['', false],
])('%j: a hit in the file is final: %s', (text, isFirst) => {
  expect(isFilesFirst(text, 'passwd')).toBe(isFirst);
});

test('each database has its own order', () => {
  const text = 'passwd: files\ngroup: sss files\n';

  expect(isFilesFirst(text, 'passwd')).toBe(true);
  expect(isFilesFirst(text, 'group')).toBe(false);
});
