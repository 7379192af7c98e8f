import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createAccounts, createGroups } from '../../../src/accounts/directory.ts';
import type { Account } from '../../../src/admission/types.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { TemporaryDirectory } from '../../fakes/program.ts';

const ALICE = 'alice:x:1000:100::/home/alice:/bin/bash';
const MISSING = { kind: 'missing' };

function account(name: string, uid: number): Account {
  return { name, uid, gid: 100, home: `/home/${name}`, shell: '/bin/bash' };
}

function found(name: string, uid: number) {
  return { kind: 'found', entry: account(name, uid) };
}

/** getent with a directory of its own: a shell script that answers names as the real one does. */
const REMOTE = `
shift 2; rc=0
for name; do
  case "$name" in
    bob|1001) echo 'bob:x:1001:100::/home/bob:/bin/bash' ;;
    Carol) echo 'carol@example.org:x:1002:100::/home/carol@example.org:/bin/bash' ;;
    4000) echo 'root:x:0:0:::' ;;
    *) rc=2 ;;
  esac
done
exit $rc`;

function pathsIn({ path }: TemporaryDirectory) {
  return { passwd: join(path, 'passwd'), group: join(path, 'group'), nsswitch: join(path, 'nsswitch.conf') };
}

function open(directory: TemporaryDirectory, script = REMOTE, nsswitch = 'passwd: files sss\n', passwd = `${ALICE}\n`) {
  const paths = pathsIn(directory);
  writeFileSync(paths.passwd, passwd);
  writeFileSync(paths.nsswitch, nsswitch);
  const clock = new FakeClock();
  const log = new FakeLog();
  const program = directory.recordingProgram('getent', script);
  return { clock, log, paths, accounts: createAccounts({ clock, log, program, paths }) };
}

test('a local account is known at once, by name and by number, without a process', async () => {
  using directory = new TemporaryDirectory();
  const { accounts } = open(directory);

  expect(accounts.cached('alice')).toEqual(found('alice', 1000));
  expect(await accounts.lookup('1000')).toEqual(found('alice', 1000));
  expect(directory.calls()).toEqual([]);
});

test('what was missing is asked for again once the local file changed, also where files does not come first', async () => {
  using directory = new TemporaryDirectory();
  const { accounts, paths } = open(directory, REMOTE, 'passwd: sss files\n');
  await accounts.lookup('dora');
  expect(accounts.cached('dora')).toEqual(MISSING);
  const before = accounts.localVersion();

  writeFileSync(paths.passwd, `${ALICE}\ndora:x:1005:100::/home/dora:/bin/bash\n`);
  await undefined;

  expect(accounts.localVersion()).not.toBe(before);
  expect(accounts.cached('dora')).toBeUndefined();
});

test('groups come from /etc/group and getent group in the same way', async () => {
  using directory = new TemporaryDirectory();
  const paths = pathsIn(directory);
  writeFileSync(paths.group, 'video:x:44:alice,bob\n');
  writeFileSync(paths.nsswitch, 'passwd: sss\ngroup: files [SUCCESS=merge] sss\n');
  const script = '[ "$1" = group ] && echo "physics:*:5000:alice" && exit 2';
  const program = directory.recordingProgram('getent', script);
  const groups = createGroups({ clock: new FakeClock(), log: new FakeLog(), program, paths });

  expect(groups.cached('video')).toEqual({ kind: 'found', entry: { name: 'video', gid: 44 } });
  expect(groups.cached('44')).toEqual({ kind: 'found', entry: { name: 'video', gid: 44 } });
  const answers = await Promise.all(['physics', '5000', 'chemistry'].map((name) => groups.lookup(name)));

  const physics = { kind: 'found', entry: { name: 'physics', gid: 5000 } };
  expect(answers).toEqual([physics, physics, MISSING]);
  expect(directory.calls()).toEqual([['group', '--', 'physics', '5000', 'chemistry']]);
});

test('a local account that was just made or changed is seen in the next turn', async () => {
  using directory = new TemporaryDirectory();
  const { accounts, paths } = open(directory);
  expect(accounts.cached('dora')).toBeUndefined();

  writeFileSync(`${paths.passwd}.new`, `${ALICE}\ndora:x:1005:100::/home/dora:/bin/bash\n`);
  renameSync(`${paths.passwd}.new`, paths.passwd);

  expect(accounts.cached('dora')).toBeUndefined();
  await undefined;
  expect(accounts.cached('dora')).toEqual(found('dora', 1005));
});

test('the first line counts where a name stands there twice', () => {
  using directory = new TemporaryDirectory();
  const { accounts } = open(directory, REMOTE, 'passwd: files\n', `${ALICE}\nalice:x:7:7:::\nother:x:1000:1:::\n`);

  expect(accounts.cached('alice')).toEqual(found('alice', 1000));
  expect(accounts.cached('1000')).toEqual(found('alice', 1000));
});

test('where files does not come first, NSS is asked for local accounts too', async () => {
  using directory = new TemporaryDirectory();
  const { accounts } = open(directory, REMOTE, 'passwd: sss files\n', 'bob:x:7:7:::\n');

  expect(accounts.cached('bob')).toBeUndefined();
  expect(await accounts.lookup('bob')).toEqual(found('bob', 1001));
});

test('all names of one turn are asked for together, each once, and those not printed are missing', async () => {
  using directory = new TemporaryDirectory();
  const { accounts } = open(directory);

  const answers = await Promise.all(['bob', 'nobody-here', '1001', 'bob'].map((name) => accounts.lookup(name)));

  expect(answers).toEqual([found('bob', 1001), MISSING, found('bob', 1001), found('bob', 1001)]);
  expect(directory.calls()).toEqual([['passwd', '--', 'bob', 'nobody-here', '1001']]);
});

test('many names go to several processes of 100', async () => {
  using directory = new TemporaryDirectory();
  const { accounts } = open(directory);
  const names = Array.from({ length: 250 }, (_, n) => `user${n}`);

  await Promise.all(names.map((name) => accounts.lookup(name)));

  expect(
    directory
      .calls()
      .map((call) => call.length - 2)
      .sort((a, b) => a - b),
  ).toEqual([50, 100, 100]);
});

test('a name that the directory spells otherwise is found, also among others', async () => {
  using directory = new TemporaryDirectory();
  const { accounts } = open(directory);

  const answers = await Promise.all(['Carol', 'bob', 'nobody-here'].map((name) => accounts.lookup(name)));

  expect(answers).toEqual([found('carol@example.org', 1002), found('bob', 1001), MISSING]);
});

test('a number is never answered with an account of another number', async () => {
  using directory = new TemporaryDirectory();
  const { accounts } = open(directory);

  expect(await accounts.lookup('4000')).toEqual(MISSING);
});

test('names that cannot be accounts are missing without asking', async () => {
  using directory = new TemporaryDirectory();
  const { accounts } = open(directory);

  for (const name of ['', '-s', 'a:b', 'a\nb', 'a\0b', '+1', '4294967296']) {
    expect(accounts.cached(name)).toEqual(MISSING);
    expect(await accounts.lookup(name)).toEqual(MISSING);
  }
  expect(directory.calls()).toEqual([]);
});

test('found is kept for 60 s, missing for 10 s', async () => {
  using directory = new TemporaryDirectory();
  const { accounts, clock } = open(directory);
  await Promise.all([accounts.lookup('bob'), accounts.lookup('nobody-here')]);

  clock.advance(9_999);
  expect(accounts.cached('nobody-here')).toEqual(MISSING);
  clock.advance(1);
  expect(accounts.cached('nobody-here')).toBeUndefined();
  clock.advance(49_999);
  expect(accounts.cached('bob')).toEqual(found('bob', 1001));
  clock.advance(1);
  expect(accounts.cached('bob')).toBeUndefined();

  await accounts.lookup('bob');
  expect(directory.calls()).toHaveLength(2);
});

test('a directory that does not answer within 5 s leaves the account unknown, local ones known', async () => {
  using directory = new TemporaryDirectory();
  const { accounts, clock } = open(directory, 'exec sleep 600');
  const answer = accounts.lookup('bob');
  await expect.poll(() => clock.nextDueMs()).toBeDefined();

  clock.advance(5_000);

  expect(await answer).toMatchObject({ kind: 'unknown', message: expect.stringContaining('no answer within 5 s') });
  expect(accounts.cached('alice')).toEqual(found('alice', 1000));
  expect(accounts.cached('bob')).toMatchObject({ kind: 'unknown' });
  clock.advance(5_000);
  expect(accounts.cached('bob')).toBeUndefined();
});

test.each([
  ['exit 3', 'ended with 3'],
  ['echo broken >&2; exit 1', 'ended with 1: broken'],
  ['kill -9 $$', 'killed by SIGKILL'],
])('getent that does "%s" leaves the account unknown, never missing', async (script, words) => {
  using directory = new TemporaryDirectory();
  const { accounts } = open(directory, script);

  expect(await accounts.lookup('bob')).toMatchObject({ kind: 'unknown', message: expect.stringContaining(words) });
});

test('a host without getent leaves the account unknown', async () => {
  const log = new FakeLog();
  const accounts = createAccounts({
    clock: new FakeClock(),
    log,
    program: '/nonexistent/getent',
    paths: { passwd: '/nonexistent/p', group: '/nonexistent/g', nsswitch: '/nonexistent/n' },
  });

  expect(await accounts.lookup('bob')).toMatchObject({ kind: 'unknown' });
  expect(log.complaints()).toEqual([]);
});

test('an account file that cannot be read is told once, and NSS is asked', async () => {
  using directory = new TemporaryDirectory();
  const { log } = open(directory);
  const paths = { ...pathsIn(directory), passwd: directory.path };
  const accounts = createAccounts({ clock: new FakeClock(), log, program: join(directory.path, 'getent'), paths });

  expect(await accounts.lookup('bob')).toEqual(found('bob', 1001));
  accounts.cached('alice');

  expect(log.complaints()).toEqual(['account file not readable, getent is asked instead']);
});
