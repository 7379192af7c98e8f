import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dynamicAccount, isDynamicId, readableUserName } from '../../../src/admission/dynamicAccount.ts';

test('a short plain name is readable in the user', () => {
  expect(dynamicAccount('alice', true)).toEqual({
    isDynamic: true,
    name: 'hublet-alice',
    home: '/var/lib/hublet-servers/alice',
    stateDirectory: 'hublet-servers/alice',
  });
});

test('a name that an account has already gives way to the hash', () => {
  expect(dynamicAccount('alice', false).name).toMatch(/^hublet_[0-9a-f]{24}$/);
});

test.each(['a b', 'ü', 'u@x.org', 'dom\\dd', 'a.b', 'x'.repeat(25), '{NAME}'])(
  '%j can stand in no user name',
  (name) => {
    expect(readableUserName(name)).toBeUndefined();
    expect(dynamicAccount(name, true).name).toMatch(/^hublet_[0-9a-f]{24}$/);
  },
);

test('no two servers share a user or a state directory, and systemd takes both', () => {
  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 128 }),
    fc.stringMatching(/^[a-zA-Z0-9_-]{1,40}$/),
    fc.stringMatching(/^_[0-9a-f]{24}$/),
  );
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 20 }), fc.boolean(), (names, isReadable) => {
      const accounts = names.filter((one) => one.isWellFormed()).map((one) => dynamicAccount(one, isReadable));

      expect(new Set(accounts.map((account) => account.name)).size).toBe(accounts.length);
      expect(new Set(accounts.map((account) => account.stateDirectory)).size).toBe(accounts.length);
      for (const account of accounts) {
        expect(account.name).toMatch(/^[A-Za-z_][A-Za-z0-9_-]{0,30}$/);
        expect(account.stateDirectory).toMatch(/^hublet-servers\/[A-Za-z0-9_.=-]{1,185}$/);
      }
    }),
  );
});

test('numbers of dynamic users are nobody’s account', () => {
  expect([61_183, 61_184, 65_519, 65_520].map(isDynamicId)).toEqual([false, true, true, false]);
});
