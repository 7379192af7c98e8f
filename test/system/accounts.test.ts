import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../src/status/types.ts';
import { unitName } from '../../src/units/name.ts';
import { quote } from '../machine/command.ts';
import { installHublet } from '../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../machine/machine.ts';
import { awaitPhase, awaitStatus, conditionOf, dropSpecs, readEvents, type Spec } from '../machine/servers.ts';

const sleeping = (user: string | number, more: object = {}): Spec => ({
  user,
  command: ['sleep', 'infinity'],
  port: 'none',
  ...more,
});

/** Tells who it is at each start, in its home, then listens. */
const telling = 'echo "$(id -un) $USER $HOME" >> told; exec python3 -m http.server --bind 127.0.0.1 {PORT}';
const dynamic: Spec = {
  dynamicUser: true,
  command: ['bash', '-c', telling],
  probes: { readiness: { tcp: {} } },
};

/** Cut, escaped or put in lower case carelessly, some of them would be one. */
const oddNames = ['a b', 'a\\x20b', 'dom\\dd', 'u@x.org', 'ü', 'A', 'a', 'x'.repeat(100), `${'x'.repeat(99)}y`];

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  // An account that is in no file of this host but a service's behind NSS.
  await machine.put({ files: { 'remote.user': remoteUser, 'remote.group': remoteGroup } }, '/etc/userdb');
  await installHublet(machine, { start: true });
});

afterAll(() => machine?.kill());

const remoteUser = JSON.stringify({
  userName: 'remote',
  uid: 4321,
  gid: 4321,
  homeDirectory: '/srv',
  shell: '/bin/bash',
  disposition: 'regular',
});
const remoteGroup = JSON.stringify({ groupName: 'remote', gid: 4321 });

describe('an account', () => {
  it('is given by name or number, local or not, with the groups that the spec adds', async () => {
    const alice = await uidOf('alice');
    const audio = Number((await machine.run('getent group audio')).split(':')[2]);
    expect(await machine.run('grep -c ^remote: /etc/passwd || true')).toBe('0\n');
    await dropSpecs(machine, {
      numbered: sleeping(alice),
      grouped: sleeping('bob', { group: 'users', supplementaryGroups: ['video', audio] }),
      remote: sleeping('remote', { workingDirectory: '/' }),
    });
    const [numbered, grouped, remote] = await awaitPhase(machine, ['numbered', 'grouped', 'remote'], 'Ready');

    expect(numbered?.user).toBe('alice');
    expect(await credentials(numbered)).toMatchObject({ uid: alice, gid: alice });
    const group = async (name: string) => Number((await machine.run(`getent group ${name}`)).split(':')[2]);
    expect(await credentials(grouped)).toEqual({
      uid: await uidOf('bob'),
      gid: await group('users'),
      groups: expect.arrayContaining([audio, await group('video')]),
    });
    expect(await credentials(remote)).toMatchObject({ uid: 4321, gid: 4321 });
  });

  it('that is missing stalls its server at once by its name, and heals it once it is made', async () => {
    await dropSpecs(machine, { later: sleeping('dora') });
    const stalled = await awaitStatus(machine, 'later', 'Stalled', (status) => isStalled(status));
    expect(stalled.phase).toBe('Pending');
    expect(conditionOf(stalled, 'Stalled')?.message).toContain('no account named dora');
    expect((await machine.exec('systemctl cat hublet-later.service')).code).not.toBe(0);

    await machine.run('useradd --create-home dora');
    const [later] = await awaitPhase(machine, ['later'], 'Ready', 120_000);

    expect(conditionOf(later as ServerStatus['status'], 'Stalled')).toBeUndefined();
    expect(await credentials(later)).toMatchObject({ uid: await uidOf('dora') });
  });

  it('that is deleted takes nothing from the server that runs as it', async () => {
    const [before] = await awaitPhase(machine, ['later'], 'Ready');
    await machine.run('userdel --force dora');
    await machine.run('systemctl restart hublet.service');

    const after = await awaitStatus(machine, 'later', 'Stalled', (status) => isStalled(status));

    expect(after).toMatchObject({ phase: 'Ready', invocationId: before?.invocationId, mainPid: before?.mainPid });
  });
});

describe('a dynamic user', () => {
  it('finds its home as it left it, after a stop and a start', async () => {
    await dropSpecs(machine, { dyn: dynamic, 'dyn ü': dynamic });
    const [first, odd] = await awaitPhase(machine, ['dyn', 'dyn ü'], 'Ready');
    expect((await credentials(first)).uid).toBeGreaterThan(61_000);
    expect((await credentials(first)).uid).not.toBe((await credentials(odd)).uid);
    expect(await machine.run('grep -c hublet- /etc/passwd || true')).toBe('0\n');

    await dropSpecs(machine, { dyn: { ...dynamic, suspend: true } });
    await awaitPhase(machine, ['dyn'], 'Stopped');
    await dropSpecs(machine, { dyn: dynamic });
    await awaitPhase(machine, ['dyn'], 'Ready');

    const home = '/var/lib/hublet-servers/dyn';
    const told = `hublet-dyn hublet-dyn ${home}\n`;
    expect(await machine.run(`cat ${home}/told`)).toBe(told + told);
    const oddHome = '/var/lib/hublet-servers/dyn=20=c3=bc';
    expect(await machine.run(`cat ${oddHome}/told`)).toMatch(/^(hublet_[0-9a-f]{24}) \1 .*\n$/);
    expect((await machine.exec(`cat ${home}/told`, { user: 'alice' })).code).not.toBe(0);
  });
});

describe('a port', () => {
  it('that another account listens on while the server is down is left for another one', async () => {
    const spec: Spec = { user: 'alice', command: ['sleep', 'infinity'] };
    await dropSpecs(machine, { squatted: spec });
    const [before] = await awaitPhase(machine, ['squatted'], 'Ready');
    await dropSpecs(machine, { squatted: { ...spec, suspend: true } });
    await awaitPhase(machine, ['squatted'], 'Stopped');
    const port = before?.address?.port ?? 0;
    const squatter = await machine.spawn(`exec python3 -m http.server --bind 127.0.0.1 ${port}`, { user: 'carol' });
    await awaitListener(port);

    await dropSpecs(machine, { squatted: spec, fixed: { ...spec, port } });
    const [after] = await awaitPhase(machine, ['squatted'], 'Ready');

    expect(after?.address?.port).not.toBe(port);
    const moved = (await readEvents(machine, 'squatted')).find(({ reason }) => reason === 'PortMoved');
    expect(moved?.message).toContain(`port ${port} is held by a socket of uid ${await uidOf('carol')}`);
    const fixed = await awaitStatus(
      machine,
      'fixed',
      'PortTaken',
      (status) => conditionOf(status, 'Ready')?.reason === 'PortTaken',
    );
    expect(fixed.phase).toBe('Pending');
    await squatter.kill();
    await awaitPhase(machine, ['fixed'], 'Ready');
  });
});

describe('odd names', () => {
  it('all run at once as units of their own', async () => {
    await dropSpecs(machine, Object.fromEntries(oddNames.map((name) => [name, sleeping('carol', { port: 'auto' })])));

    const up = await awaitPhase(machine, oddNames, 'Ready');

    expect(up.map(({ unit }) => unit)).toEqual(oddNames.map(unitName));
    for (const each of ['mainPid', 'controlGroup', 'invocationId'] as const)
      expect(new Set(up.map((status) => status[each])).size).toBe(oddNames.length);
    expect(new Set(up.map(({ address }) => address?.port)).size).toBe(oddNames.length);
    const named = await machine.run(
      up.map(({ mainPid }) => `tr '\\0' '\\n' < /proc/${mainPid}/environ | grep ^HUBLET_SERVER=`).join('\n'),
    );
    expect(named.trimEnd().split('\n')).toEqual(oddNames.map((name) => `HUBLET_SERVER=${name}`));
  });
});

function isStalled(status: ServerStatus['status']): boolean {
  return conditionOf(status, 'Stalled')?.reason === 'UserNotFound';
}

async function uidOf(user: string): Promise<number> {
  return Number(await machine.run(`id -u ${user}`));
}

/** Whom its main process runs as, as the kernel has it. */
async function credentials(
  status: ServerStatus['status'] | undefined,
): Promise<{ readonly uid: number; readonly gid: number; readonly groups: readonly number[] }> {
  const text = await machine.run(`cat /proc/${status?.mainPid}/status`);
  const numbers = (key: string) =>
    (new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '').split(/\s+/).filter(Boolean).map(Number);
  const [uid = -1] = numbers('Uid');
  const [gid = -1] = numbers('Gid');
  return { uid, gid, groups: numbers('Groups') };
}

async function awaitListener(port: number): Promise<void> {
  await waitFor(
    `a listener on port ${port}`,
    async (saw) => saw(await machine.run(`ss -Hltn ${quote(`sport = :${port}`)}`)) !== '',
    180_000,
  );
}
