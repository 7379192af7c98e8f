import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../src/status/types.ts';
import { quote } from '../machine/command.ts';
import { installHublet } from '../machine/hublet.ts';
import { boot, type GuestProcess, type Machine, waitFor } from '../machine/machine.ts';
import {
  awaitPhase,
  awaitStatus,
  conditionOf,
  dropSpecs,
  readCgroup,
  readEvents,
  type Spec,
  showUnit,
} from '../machine/servers.ts';

/** Runs what a line on its FIFO says as its own child, so with its own confinement, and answers with code and output. */
const obedient = `#!/bin/bash
orders=/srv/orders/$HUBLET_SERVER
while IFS= read -r line < $orders/order; do
  output=$(bash -c "$line" 2>&1)
  printf '%s\\n%s' $? "$output" > $orders/answer
done
`;

const obeying = (more: Spec): Spec => ({ user: 'alice', command: ['/srv/bin/obedient'], ...more });
const appending = (word: string, to: string): string[] => ['bash', '-c', `echo ${word} >> ${to}`];
const servers: Readonly<Record<string, Spec>> = {
  /** With nothing but the defaults: what is refused to the others must work here. */
  open: obeying({}),
  private: obeying({
    group: 'users',
    resources: { files: 512 },
    sandbox: { privateDevices: true, protectSystem: 'full', protectHome: 'read-only', umask: '0077' },
  }),
  devices: obeying({ sandbox: { deviceAllow: ['/dev/hublet-disk r'] } }),
  readonly: obeying({
    sandbox: {
      readOnlyPaths: ['/'],
      readWritePaths: ['{HOME}'],
      inaccessiblePaths: ['/srv/hidden'],
      protectProc: 'invisible',
    },
  }),
  bound: obeying({
    sandbox: {
      bindPaths: ['/srv/books:/opt/shared', '{HOME}', '-/srv/absent:/opt/absent'],
      bindReadOnlyPaths: ['/srv/books:/opt/books'],
      protectHome: 'tmpfs',
    },
  }),
  strict: obeying({
    workingDirectory: '/',
    sandbox: { protectSystem: 'strict', protectHome: true, readWritePaths: ['/srv/work'] },
  }),
  offline: obeying({ sandbox: { privateNetwork: true } }),
  local: obeying({ sandbox: { ipAddressDeny: ['any'], ipAddressAllow: ['localhost'] } }),
  few: obeying({
    sandbox: {
      capabilities: ['CAP_CHOWN', 'CAP_NET_RAW'],
      systemCallFilter: ['~mkdir', 'mkdirat', 'symlink:EPERM', 'symlinkat:EPERM'],
    },
  }),
  secretive: obeying({
    user: 'bob',
    environment: { LAST: 'spec' },
    environmentFiles: ['/srv/keys/one.env', '-/srv/keys/absent.env', '/srv/keys/two.env'],
    credentials: { token: '/srv/keys/token' },
  }),
  prepared: {
    user: 'carol',
    preStart: [['bash', '-c', 'sleep 1; echo "one of $HUBLET_SERVER" >> ~/story'], appending('two', '~/story')],
    command: ['bash', '-c', 'echo main >> ~/story; exec sleep infinity'],
    postStop: [['bash', '-c', 'sleep 1; echo "after $SERVICE_RESULT" >> ~/story'], appending('last', '~/story')],
  },
  tuned: obeying({
    preStart: [appending('field', '/srv/open/tuned')],
    unitProperties: {
      OOMScoreAdjust: '500',
      LimitCORE: '1M',
      Nice: '5',
      MemoryMin: '16M',
      ExecStartPre: [
        '/bin/bash -c "echo first >> /srv/open/tuned"',
        '-/bin/false',
        '+/bin/bash -c "echo $(id -u) >> /srv/open/tuned"',
      ],
    },
  }),
  numbers: obeying({ user: 65_534, group: 0, workingDirectory: '/usr/share' }),
};

const sleeping = (unitProperties: object): Spec => ({ user: 'alice', command: ['sleep', 'infinity'], unitProperties });
const refused: Readonly<Record<string, Spec>> = {
  unknown: sleeping({ OOMScoreAjust: '500' }),
  field: sleeping({ Nice: '5', MemoryMax: '1G' }),
  controllers: sleeping({ KillMode: 'process' }),
  garbled: sleeping({ LimitCORE: '1M:2X' }),
};

let machine: Machine;
let listener: GuestProcess;
const status: Record<string, ServerStatus['status']> = {};

beforeAll(async () => {
  machine = await boot();
  const keys = { 'one.env': 'FIRST=one\nBOTH=one\nLAST=one\n', 'two.env': 'BOTH=two\nLAST=two\n', token: 'sesame' };
  await machine.put({ files: { obedient } }, '/srv/bin');
  await machine.put({ files: keys }, '/srv/keys');
  // What account and mode would refuse anyway would show nothing: all of this is open to everybody.
  await machine.run(`chmod 755 /srv/bin/obedient; chmod 600 /srv/keys/*
    for name in ${Object.keys(servers).join(' ')}; do
      mkdir -p /srv/orders/$name; mkfifo -m 666 /srv/orders/$name/order /srv/orders/$name/answer
    done
    install -d -m 777 /srv/open /srv/work /srv/hidden /srv/books /usr/local/open /etc/open
    echo page > /srv/books/page; chmod 666 /srv/books/page
    mknod -m 666 /dev/hublet-disk b $(stat -c '0x%t 0x%T' /dev/vda)
    mknod -m 666 /dev/hublet-screen c $(stat -c '0x%t 0x%T' /dev/vcs)`);
  listener = await machine.spawn('exec python3 -m http.server 8099', { user: 'carol' });
  await installHublet(machine, { start: true });
  await dropSpecs(machine, { ...servers, ...refused, absent: absent('no-such-program') });
  const up = await awaitPhase(machine, Object.keys(servers), 'Ready');
  Object.keys(servers).forEach((name, index) => {
    status[name] = up[index] as ServerStatus['status'];
  });
});

afterAll(() => machine?.kill());

describe('devices', () => {
  it('of its own are pseudo devices only', async () => {
    expect(await order('open', 'ls /dev/kmsg /dev/vda /dev/hublet-disk')).toMatchObject({ code: 0 });
    expect(await order('private', 'ls /dev/kmsg /dev/vda /dev/hublet-disk')).toMatchObject({ code: 2 });
    const used = await order('private', 'echo > /dev/null && head -c 3 /dev/zero | wc -c && head -c 3 /dev/urandom');
    expect(used).toMatchObject({ code: 0, output: expect.stringMatching(/^3\n/) });
  });

  it('that are listed open, for what they are listed for, and no others', async () => {
    const [read, write] = ['head -c 512 /dev/hublet-disk | wc -c', ': >> /dev/hublet-disk'];
    const other = 'exec < /dev/hublet-screen';
    for (const one of [read, write, other]) expect(await order('open', one)).toMatchObject({ code: 0 });
    expect(await order('devices', read)).toEqual({ code: 0, output: '512' });
    for (const one of [write, other]) {
      const denied = await order('devices', one);
      expect(denied.code).not.toBe(0);
      expect(denied.output).toContain('Operation not permitted');
    }
    expect(await order('devices', 'echo > /dev/null && head -c 3 /dev/zero | wc -c')).toEqual({ code: 0, output: '3' });
  });
});

describe('the file system', () => {
  it('is all read-only but for the home, where the spec says so', async () => {
    for (const path of ['/srv/open', '/srv/work', '/etc/open']) {
      expect(await order('open', `touch ${path}/x`)).toMatchObject({ code: 0 });
      expect(await order('readonly', `touch ${path}/x`)).toEqual(readOnlyError);
    }
    expect(await order('readonly', 'touch ~/mine && cat /etc/hostname')).toMatchObject({ code: 0 });
    expect(await machine.run('stat -c %U /home/alice/mine')).toBe('alice\n');
  });

  it('has no way into an inaccessible path', async () => {
    await machine.run('echo secret > /srv/hidden/x; chmod 666 /srv/hidden/x');
    expect(await order('open', 'cat /srv/hidden/x')).toEqual({ code: 0, output: 'secret' });
    for (const one of ['cat /srv/hidden/x', 'ls /srv/hidden', 'touch /srv/hidden/y']) {
      expect((await order('readonly', one)).output).toMatch(/Permission denied|Read-only file system/);
    }
  });

  it('shows paths at other places as well, writable or not, and no absent one', async () => {
    expect(await order('bound', 'cat /opt/books/page && echo more >> /opt/shared/page')).toMatchObject({ code: 0 });
    expect(await machine.run('cat /srv/books/page')).toBe('page\nmore\n');
    expect(await order('bound', 'touch /opt/books/page')).toEqual(readOnlyError);
    expect(await order('bound', 'ls -d /opt/absent')).toMatchObject({ code: 2 });
    expect(await order('open', 'ls /opt/shared/page /opt/books/page')).toMatchObject({ code: 2 });
  });

  it('is protected as far as the spec says', async () => {
    const writable = async (name: string) => {
      const paths = ['/usr/local/open', '/etc/open', '/srv/open', '/srv/work', '/home/alice', '/tmp'];
      const tried = paths.map((path) => `touch ${path}/tried 2> /dev/null && echo ${path}`);
      return (await order(name, `${tried.join('; ')}; true`)).output.split('\n');
    };
    expect(await writable('open')).toHaveLength(6);
    expect(await writable('private')).toEqual(['/srv/open', '/srv/work', '/tmp']);
    expect(await writable('strict')).toEqual(['/srv/work', '/tmp']);
  });

  it('shows no homes, or the bound one alone, or all of them to read', async () => {
    expect((await order('strict', 'ls /home')).output).toContain('Permission denied');
    expect(await order('bound', 'touch ~/through && ls /home')).toEqual({ code: 0, output: 'alice' });
    expect(await machine.run('stat -c %U /home/alice/through')).toBe('alice\n');
    expect(await order('private', 'ls /home')).toEqual({ code: 0, output: 'alice\nbob\ncarol' });
  });

  it('shows processes of other accounts or not', async () => {
    expect(await order('open', 'cat /proc/1/comm')).toEqual({ code: 0, output: 'systemd' });
    expect(await order('readonly', 'ls -d /proc/1; ls -d /proc/self')).toMatchObject({
      output: expect.stringMatching(/cannot access '\/proc\/1'.*\n\/proc\/self$/),
    });
  });

  it('gets files with the group and the mask of the spec', async () => {
    const made = (path: string) => `touch ${path} && mkdir ${path}.d && stat -c '%a %U:%G' ${path} ${path}.d`;
    expect(await order('private', made('/srv/open/p'))).toEqual({
      code: 0,
      output: '600 alice:users\n700 alice:users',
    });
    expect(await order('open', made('/srv/open/o'))).toEqual({ code: 0, output: '644 alice:alice\n755 alice:alice' });
  });
});

describe('the network', () => {
  const connect = (address: string) => `exec 3<> /dev/tcp/${address}/8099 && echo connected`;
  const connected = { code: 0, output: 'connected' };

  it('of its own has a loopback alone, and nobody listens there', async () => {
    await awaitListener();
    expect(await order('open', connect('127.0.0.1'))).toEqual(connected);
    expect(await order('offline', "sed -n 's/^ *\\(.*\\):.*/\\1/p' /proc/net/dev")).toEqual({ code: 0, output: 'lo' });
    expect((await order('offline', connect('127.0.0.1'))).output).toContain('Connection refused');
    expect((await order('offline', connect('10.0.2.15'))).output).toContain('Network is unreachable');
  });

  it('is closed to denied addresses and open to allowed ones', async () => {
    await awaitListener();
    expect(await order('local', connect('127.0.0.1'))).toEqual(connected);
    expect(await order('open', connect('10.0.2.15'))).toEqual(connected);
    // A datagram is refused at once, a connection only in time.
    const send = 'echo x > /dev/udp/10.0.2.15/8099';
    expect(await order('open', send)).toMatchObject({ code: 0 });
    expect((await order('local', send)).output).toContain('Operation not permitted');
    await listener.kill();
  });
});

describe('rights', () => {
  it('never go beyond the capabilities of the spec', async () => {
    expect((await order('few', 'grep CapBnd: /proc/self/status')).output).toBe('CapBnd:\t0000000000002001');
    expect((await order('open', 'grep CapBnd: /proc/self/status')).output).toMatch(/^CapBnd:\t0*1f+$/);
  });

  it('end at system calls: one is refused with its error, another kills who makes it, and the server lives on', async () => {
    expect((await order('open', 'cd /srv/open && mkdir directory && ln -s directory link')).code).toBe(0);
    const denied = await order('few', 'ln -s x /srv/open/denied');
    expect(denied).toMatchObject({ code: 1, output: expect.stringContaining('Operation not permitted') });
    expect((await order('few', 'mkdir /srv/open/killed')).code).toBe(128 + 31);
    expect(await order('few', 'ls -d /srv/open/denied /srv/open/killed')).toMatchObject({ code: 2 });
    expect((await showUnit(machine, 'few', ['InvocationID'])).InvocationID).toBe(status.few?.invocationId);
  });

  it('are those of an account and a group by number, root’s group among them', async () => {
    expect((await order('numbers', 'id -u; id -g; id -G; pwd')).output).toBe('65534\n0\n0\n/usr/share');
  });

  it('to open files have the limit of the spec', async () => {
    expect((await order('private', 'ulimit -Sn; ulimit -Hn')).output).toBe('512\n512');
  });
});

describe('commands around the main one', () => {
  it('run before it one after the other, and after its end', async () => {
    const story = 'one of prepared\ntwo\nmain\n';
    expect(await machine.run('cat ~/story', { user: 'carol' })).toBe(story);

    // systemd 252 reads some characters of commands back as others.
    await machine.run('systemctl daemon-reload');
    await dropSpecs(machine, { prepared: { ...servers.prepared, suspend: true } });
    await awaitPhase(machine, ['prepared'], 'Stopped');

    expect(await machine.run('cat ~/story', { user: 'carol' })).toBe(`${story}after success\nlast\n`);
  });

  it('fail the start where one before it fails, and then nothing after that one runs', async () => {
    const first = ['bash', '-c', 'exit 7'];
    const command = appending('main', '/srv/open/never');
    const failing = { user: 'carol', preStart: [first, command], command, restartPolicy: 'Never' };
    await dropSpecs(machine, { failing });
    const failed = await awaitStatus(machine, 'failing', 'to fail', ({ phase }) => phase === 'Failed');

    expect(failed.lastExit).toMatchObject({
      result: 'exit-code',
      code: 'exited',
      status: 7,
      message: 'a command before it (preStart) failed: exit code 7',
    });
    expect((await machine.exec('cat /srv/open/never')).code).toBe(1);
  });
});

describe('secrets', () => {
  it('in files of variables come in their order, the spec’s own last, though only root may read the files', async () => {
    expect((await order('secretive', 'echo $FIRST $BOTH $LAST')).output).toBe('one two spec');
    expect((await order('secretive', 'cat /srv/keys/one.env')).output).toContain('Permission denied');
  });

  it('in credentials are read by the server alone, though only root may read the file', async () => {
    const directory = (await order('secretive', 'echo $CREDENTIALS_DIRECTORY')).output;
    expect(await order('secretive', 'cat $CREDENTIALS_DIRECTORY/token')).toEqual({ code: 0, output: 'sesame' });
    expect(await order('secretive', 'touch $CREDENTIALS_DIRECTORY/more')).toMatchObject({ code: 1 });
    expect((await order('open', `cat ${directory}/token`)).output).toContain('Permission denied');
    expect((await machine.exec('grep -rlF sesame /run/hublet /var/lib/hublet')).stdout).toBe('');
  });
});

describe('unitProperties', () => {
  it('take effect, lists in their order and after those of the fields', async () => {
    const { mainPid, controlGroup = null } = status.tuned ?? {};
    expect(await machine.run(`cat /proc/${mainPid}/oom_score_adj; ps -o ni= -p ${mainPid}`)).toMatch(/^500\n\s*5\n$/);
    expect((await order('tuned', 'ulimit -Sc; ulimit -Hc')).output).toBe('1024\n1024');
    expect(await readCgroup(machine, controlGroup, 'memory.min')).toBe(String(16 * 2 ** 20));
    expect(await machine.run('cat /srv/open/tuned')).toBe('field\nfirst\n0\n');
  });

  it.each([
    ['unknown', /spec\.unitProperties\.OOMScoreAjust: .*did you mean OOMScoreAdjust\?/],
    ['field', /spec\.unitProperties\.MemoryMax: is spec\.resources\.memory\.limit in a spec: write it there/],
    ['controllers', /spec\.unitProperties\.KillMode: belongs to hublet/],
    ['garbled', /spec\.unitProperties\.LimitCORE: expects a size/],
  ])('that can not be had are refused by name before anything is sent: %s', async (name, words) => {
    const now = await awaitStatus(
      machine,
      name,
      'to be refused',
      (one) => conditionOf(one, 'Accepted')?.status === 'False',
    );
    expect(conditionOf(now, 'Accepted')?.message).toMatch(words);
    expect(await showUnit(machine, name, ['LoadState'])).toEqual({ LoadState: 'not-found' });
    expect((await readEvents(machine, name)).map(({ reason }) => reason)).not.toContain('Started');
  });
});

describe('a bare name', () => {
  it('that is nowhere on PATH is told with that PATH, and found once it is there', async () => {
    const stalled = await awaitStatus(
      machine,
      'absent',
      'to be stalled',
      (one) => conditionOf(one, 'Stalled') !== undefined,
    );
    expect(conditionOf(stalled, 'Stalled')?.message).toMatch(
      /no-such-program not found on PATH \/srv\/open:\/usr\/local\/sbin:\S*\/bin\b/,
    );
    await machine.run('install -m 755 /usr/bin/sleep /srv/open/such-program');
    await dropSpecs(machine, { absent: absent('such-program') });
    await awaitPhase(machine, ['absent'], 'Ready');
  });
});

const readOnlyError = { code: 1, output: expect.stringContaining('Read-only file system') };

function absent(program: string): Spec {
  return { user: 'alice', command: [program, 'infinity'], extraPaths: ['/srv/open'] };
}

/** Has a server run a line of bash inside its own confinement. Output and error output come as one, without line ends at the end. */
async function order(name: string, line: string): Promise<{ readonly code: number; readonly output: string }> {
  const directory = `/srv/orders/${name}`;
  const answer = await machine.run(`printf '%s\\n' ${quote(line)} > ${directory}/order; cat ${directory}/answer`);
  const cut = answer.indexOf('\n');
  return { code: Number(answer.slice(0, cut)), output: answer.slice(cut + 1) };
}

async function awaitListener(): Promise<void> {
  await waitFor(
    'a listener on port 8099',
    async (saw) => saw(await machine.run("ss -Hltn 'sport = :8099'")) !== '',
    180_000,
  );
}
