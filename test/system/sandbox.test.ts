import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../src/status/types.ts';
import { quote } from '../machine/command.ts';
import { installHublet } from '../machine/hublet.ts';
import { boot, type ExecResult, type Machine } from '../machine/machine.ts';
import {
  awaitPhase,
  awaitStatus,
  conditionOf,
  countEvents,
  dropSpecs,
  readEvents,
  type Spec,
} from '../machine/servers.ts';

/** Runs what a line on its FIFO says as its own child, so with its own confinement, and answers with code and output. */
const obedient = `#!/usr/bin/python3
import json, os, subprocess, sys
directory = "/srv/orders/" + os.environ["HUBLET_SERVER"]
for line in iter(lambda: open(directory + "/order").readline(), None):
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    answer = {"code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
    with open(directory + "/answer", "w") as to: to.write(json.dumps(answer))
`;

const obeying = (user: string, more: object = {}): Spec => ({ user, command: ['/srv/bin/obedient'], ...more });
const servers: Readonly<Record<string, Spec>> = {
  alice: obeying('alice', {
    sandbox: {
      readOnlyPaths: ['/home/alice/books', '-/home/alice/absent'],
      readWritePaths: ['/home/alice/books/notes'],
    },
  }),
  bob: obeying('bob'),
  // The same account as alice's, with what is closed by default opened.
  open: obeying('alice', { sandbox: { privateTmp: false, noNewPrivileges: false }, workingDirectory: '/usr/share' }),
  // A bare name that only extraPaths can find.
  found: obeying('carol', { command: ['obedient-tool', 'argument'], extraPaths: ['/srv/tools'] }),
};
const broken: Readonly<Record<string, Spec>> = {
  missing: { user: 'carol', command: ['no-such-program'] },
  plain: { user: 'carol', command: ['/etc/hostname'] },
  nowhere: { user: 'carol', command: ['sleep', 'infinity'], workingDirectory: '/no/such/directory' },
  roless: { user: 'carol', command: ['sleep', 'infinity'], sandbox: { readOnlyPaths: ['/no/such/path'] } },
};

let machine: Machine;
const status: Record<string, ServerStatus['status']> = {};

beforeAll(async () => {
  machine = await boot();
  await machine.put({ files: { obedient } }, '/srv/bin');
  await machine.run(`chmod 755 /srv/bin/obedient
    install -D -m 755 /srv/bin/obedient /srv/tools/obedient-tool
    for name in ${Object.keys(servers).join(' ')}; do
      mkdir -p /srv/orders/$name; mkfifo -m 666 /srv/orders/$name/order /srv/orders/$name/answer
    done
    install -d -o alice -g alice /home/alice/books /home/alice/books/notes`);
  await installHublet(machine, { start: true });
  await dropSpecs(machine, { ...servers, ...broken });
  const up = await awaitPhase(machine, Object.keys(servers), 'Ready');
  Object.keys(servers).forEach((name, index) => {
    status[name] = up[index] as ServerStatus['status'];
  });
});

afterAll(() => machine?.kill());

describe('a server', () => {
  it('runs as its user with its groups, in its home, without a root process in between', async () => {
    expect(await order('alice', 'id; pwd; echo $HOME; stat -c "%a %u" /proc/self/environ')).toMatchObject({
      code: 0,
      stdout: `${await machine.run('id', { user: 'alice' })}/home/alice\n/home/alice\n400 ${await uid('alice')}\n`,
    });
    const owners = await machine.run(
      `ps -o user= -p $(paste -sd, /sys/fs/cgroup${status.bob?.controlGroup}/cgroup.procs)`,
    );
    expect(new Set(owners.trim().split('\n'))).toEqual(new Set(['bob']));
  });

  it('starts in the directory that its spec names', async () => {
    expect(await order('open', 'pwd')).toMatchObject({ stdout: '/usr/share\n' });
  });

  it('has a private /tmp that neither another server, nor its own account outside, nor the host sees', async () => {
    await order('alice', 'echo secret > /tmp/x; echo secret > /var/tmp/x');
    expect(await order('alice', 'cat /tmp/x /var/tmp/x')).toMatchObject({ stdout: 'secret\nsecret\n' });
    for (const name of ['bob', 'open']) {
      expect(await order(name, 'ls /tmp/x /var/tmp/x')).toMatchObject({ code: 2, stdout: '' });
    }
    expect(await machine.exec('ls /tmp/x /var/tmp/x')).toMatchObject({ code: 2, stdout: '' });
    expect(await order('bob', 'ls -A /tmp')).toMatchObject({ code: 0, stdout: '' });
    // Bob can't reach it by systemd's own path to it either.
    expect(await machine.exec('cat /tmp/systemd-private-*/tmp/x', { user: 'bob' })).toMatchObject({ stdout: '' });
  });

  it('shares /tmp where its spec says so', async () => {
    await order('open', 'echo shared > /tmp/y');
    expect(await machine.run('cat /tmp/y')).toBe('shared\n');
  });

  it('gains no privileges: sudo that works for its account outside is refused inside', async () => {
    expect(await machine.run('sudo -n id -un', { user: 'alice' })).toBe('root\n');
    const refused = await order('alice', 'sudo -n id -un');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('no new privileges');
    expect(await order('alice', 'grep NoNewPrivs /proc/self/status')).toMatchObject({ stdout: 'NoNewPrivs:\t1\n' });
    expect(await order('open', 'sudo -n id -un')).toMatchObject({ code: 0, stdout: 'root\n' });
  });

  it('may read and not write in readOnlyPaths, except in readWritePaths', async () => {
    const refused = await order('alice', 'touch ~/books/page');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('Read-only file system');
    expect(await order('alice', 'ls ~/books && touch ~/books/notes/page ~/elsewhere')).toMatchObject({
      code: 0,
      stdout: 'notes\n',
    });
    await machine.run('touch ~/books/page', { user: 'alice' });
  });

  it('is found by its bare name in extraPaths, which come first on its PATH', async () => {
    expect(await order('found', 'tr "\\0" " " < /proc/$PPID/cmdline; echo; echo $PATH')).toMatchObject({
      stdout: expect.stringMatching(/\/srv\/tools\/obedient-tool argument \n\/srv\/tools:\/usr\/local\/sbin:.*\n$/),
    });
  });
});

describe('a server that cannot be executed as its spec says', () => {
  it.each([
    ['missing', 203, /no-such-program|not found/],
    ['plain', 203, /not executable/],
    ['nowhere', 200, /working directory/],
    ['roless', 226, /file system|paths/],
  ] as const)('is stalled with the cause in words: %s (%i)', async (name, code, words) => {
    const stalled = await awaitStatus(
      machine,
      name,
      'to be stalled',
      (now) => conditionOf(now, 'Stalled') !== undefined,
    );

    expect(conditionOf(stalled, 'Stalled')).toMatchObject({ status: 'True', reason: 'ExecConfigError' });
    expect(conditionOf(stalled, 'Stalled')?.message).toContain(String(code));
    expect(conditionOf(stalled, 'Stalled')?.message).toMatch(words);
    expect(conditionOf(stalled, 'Ready')).toMatchObject({ status: 'False' });
    expect(stalled).toMatchObject({ phase: 'BackOff', mainPid: null, lastExit: { code: 'exited', status: code } });
    // Straight to the longest backoff: trying again soon would not help.
    const waitsMs = Date.parse(stalled.nextTransition?.at ?? '') - Date.parse(stalled.lastExit?.at ?? '');
    expect(waitsMs).toBeGreaterThan(240_000);
    expect(countEvents(await readEvents(machine, name), 'StartFailed')).toBe(1);
  });

  it('starts as soon as its spec is right', async () => {
    await dropSpecs(machine, { missing: { user: 'carol', command: ['sleep', 'infinity'] } });
    const healed = await awaitStatus(machine, 'missing', 'phase Ready', ({ phase }) => phase === 'Ready');
    expect(conditionOf(healed, 'Stalled')).toBeUndefined();
  });
});

/** Has a server run a line of bash inside its own confinement. */
async function order(name: string, line: string): Promise<ExecResult> {
  const directory = `/srv/orders/${name}`;
  const answer = await machine.run(`printf '%s\\n' ${quote(line)} > ${directory}/order; cat ${directory}/answer`);
  return JSON.parse(answer) as ExecResult;
}

async function uid(user: string): Promise<string> {
  return (await machine.run(`id -u ${user}`)).trim();
}
