import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedControlGroup } from '../../src/units/pool.ts';
import { waitFor } from '../machine/machine.ts';
import { conditionOf } from '../machine/servers.ts';
import { confined, Users, web } from './user-mode/users.ts';

let users: Users;

beforeAll(async () => {
  users = await Users.boot();
});

afterAll(() => users?.machine.kill());

describe('without root', () => {
  it('hublet is installed by its user, as a service of the user, and makes its directories', async () => {
    const { code, stderr } = await users.install('alice');

    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('runs as you') });
    const show = await users.must('alice', 'systemctl --user show hublet -p ActiveState,SubState,Type,MainPID');
    expect(show).toMatch(/^Type=notify$/m);
    expect(show).toMatch(/^ActiveState=active$/m);
    const pid = /^MainPID=(\d+)$/m.exec(show)?.[1];
    expect(await users.machine.run(`stat -c %U /proc/${pid}`)).toBe('alice\n');
    expect(
      await users.must(
        'alice',
        'stat -c "%a %U" ~/.config/hublet ~/.config/hublet/desired-state ~/.local/state/hublet',
      ),
    ).toBe('700 alice\n700 alice\n700 alice\n');
    expect(await users.must('alice', 'hublet get 2>&1')).toContain('there are no servers yet');
  });

  it("a dropped spec becomes a server of the user's own, with a limit that the kernel holds", async () => {
    await users.must('alice', 'mkdir -p ~/books && mkfifo ~/order');
    await users.drop('alice', { web, confined });

    const status = await users.awaitStatus('alice', 'web', ({ phase }) => phase === 'Ready');
    await users.awaitStatus('alice', 'confined', ({ phase }) => phase === 'Ready');
    expect(status).toMatchObject({ user: 'alice', applied: { memoryMaxBytes: 200 * 2 ** 20, tasksMax: 50 } });
    const uid = users.uid('alice');
    const manager = `/user.slice/user-${uid}.slice/user@${uid}.service`;
    expect((await users.must('alice', 'systemctl --user show -P ControlGroup')).trim()).toBe(manager);
    expect(status.controlGroup).toBe(expectedControlGroup(manager, undefined, 'hublet-web.service'));
    expect(await users.machine.run(`cat /sys/fs/cgroup${status.controlGroup}/memory.max`)).toBe(`${200 * 2 ** 20}\n`);
    expect(await users.machine.run(`stat -c %U /proc/${status.mainPid}`)).toBe('alice\n');
  });

  it('metrics are on a free port that status.json tells', async () => {
    const { http } = await users.hostStatus('alice');

    expect(http).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(http).not.toBe('127.0.0.1:9810');
    const text = await waitFor(
      'usage of web in a scrape',
      async (saw) => {
        const scraped = saw((await users.must('alice', `curl -sf http://${http}/metrics`)) as string);
        return /^hublet_server_memory_current_bytes\{server="web"\} [1-9]/m.test(scraped) && scraped;
      },
      180_000,
    );
    expect(text).toMatch(/^hublet_server_memory_limit_bytes\{server="web"\} 209715200$/m);
  });
});

describe('the sandbox', () => {
  it('is in force: a /tmp and devices of its own, read-only and hidden paths, no way to root', async () => {
    expect(await users.order('touch /tmp/mine; ls /tmp')).toBe('mine\n');
    expect(await users.machine.run('ls /tmp')).not.toContain('mine');
    expect(await users.order('touch ~/books/x')).toContain('Read-only file system');
    expect(await users.order('ls /usr/games')).toContain('Permission denied');
    expect(await users.order('ls /dev/vda')).toContain('No such file');
    expect(await users.order('sudo -n id')).toContain('no new privileges');
    expect(await users.order('id -un; touch ~/free && stat -c %U ~/free')).toBe('alice\nalice\n');
  });
});

describe('life of a server', () => {
  it('a changed limit reaches the running process', async () => {
    const before = await users.serverStatus('alice', 'web');
    await users.drop('alice', { web: { ...web, resources: { memory: { limit: '300M' }, cpu: { limit: 0.5 } } } });

    const after = await users.awaitStatus('alice', 'web', ({ applied }) => applied.memoryMaxBytes === 300 * 2 ** 20);
    expect([after.mainPid, after.invocationId]).toEqual([before.mainPid, before.invocationId]);
    const cgroup = `/sys/fs/cgroup${after.controlGroup}`;
    expect(await users.machine.run(`cat ${cgroup}/memory.max ${cgroup}/cpu.max`)).toBe(
      `${300 * 2 ** 20}\n50000 100000\n`,
    );
  });

  it('a crash heals and is told of', async () => {
    const before = await users.serverStatus('alice', 'web');
    await users.must('alice', `kill -SEGV ${before.mainPid}`);

    const after = await users.awaitStatus('alice', 'web', ({ phase, restarts }) => phase === 'Ready' && restarts === 1);
    expect(after.invocationId).not.toBe(before.invocationId);
    expect(after.lastExit).toMatchObject({
      status: 11,
      log: expect.arrayContaining([expect.stringContaining('GET /')]),
    });
  });

  it("a killed and a restarted controller leave every server's run as it is", async () => {
    const before = await users.serverStatus('alice', 'web');
    const pid = (await users.hostStatus('alice')).pid;
    await users.must('alice', 'systemctl --user kill -s KILL hublet');
    await waitFor('another controller', async (saw) => saw((await users.hostStatus('alice')).pid) !== pid, 120_000);
    await users.must('alice', 'systemctl --user restart hublet');

    const after = await users.awaitStatus('alice', 'web', ({ phase }) => phase === 'Ready');
    expect([after.mainPid, after.invocationId]).toEqual([before.mainPid, before.invocationId]);
    expect(conditionOf(after, 'Synced')).toMatchObject({ status: 'True' });
  });

  it('a deleted server goes', async () => {
    await users.must('alice', 'hublet delete web --wait --timeout 90s');

    expect(await users.must('alice', 'hublet get -o name')).not.toContain('web');
    expect(await users.must('alice', 'systemctl --user list-units --all --plain --no-legend hublet-web.service')).toBe(
      '',
    );
  });
});

describe('what only root can give is refused by name', () => {
  it('another account, and a limit that this manager was not given', async () => {
    await users.drop('alice', {
      other: { user: 'bob', command: ['sleep', 'infinity'] },
      pinned: { command: ['sleep', 'infinity'], resources: { cpu: { cpus: '0' } } },
      walled: { command: ['sleep', 'infinity'], sandbox: { ipAddressDeny: ['any'] } },
      eager: { command: ['sleep', 'infinity'], unitProperties: { Nice: '-5' } },
      spared: { command: ['sleep', 'infinity'], unitProperties: { OOMScoreAdjust: '-900' } },
    });
    const lowest = (name: string) =>
      new RegExp(`^spec\\.unitProperties\\.${name}: can be \\d+ at the lowest in user mode`);
    expect(await users.refusal('alice', 'eager')).toMatch(lowest('Nice'));
    expect(await users.refusal('alice', 'spared')).toMatch(lowest('OOMScoreAdjust'));

    expect(await users.refusal('alice', 'other')).toMatch(
      /^spec\.user: can't be "bob"; a user manager runs servers as alice/,
    );
    expect(await users.refusal('alice', 'walled')).toMatch(
      /^spec\.sandbox\.ipAddressDeny: can't be had in user mode, because/,
    );
    const pinned = await users.refusal('alice', 'pinned');
    expect(pinned).toMatch(/^spec\.resources\.cpu\.cpus: the cgroup controller cpuset is not delegated/);
    expect(pinned).toContain(
      "'Delegate=cpu cpuset io memory pids' into /etc/systemd/system/user@.service.d/delegate.conf",
    );
  });
});
