import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installHublet } from '../../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../../machine/machine.ts';
import {
  awaitGone,
  awaitPhase,
  awaitStatus,
  awaitStatuses,
  conditionOf,
  dropSpecs,
  readEvents,
  readStatuses,
  removeSpecs,
  showUnit,
} from '../../machine/servers.ts';

const graceSeconds = 2;
const common = { user: 'alice', terminationGracePeriod: `${graceSeconds}s` };
const shell = (script: string) => ({ ...common, command: ['sh', '-c', script] });
/** A file system that can be frozen: who writes there then sleeps in the kernel, where no signal reaches it. */
const disk = '/srv/frozen';
const writer = (name: string) => shell(`while :; do echo x > ${disk}/${name}; sleep 0.1; done`);

const specs = {
  'fork-and-die': shell('sleep 100001 & exit 0'),
  'double-fork': shell('(setsid sh -c "sleep 100002 & sleep 100002" > /dev/null 2>&1 &); sleep 1; exit 0'),
  'fork-and-crash': { ...shell('sleep 100003 & sleep 1; exit 9'), restartPolicy: 'Never' },
  'with-children': shell('(setsid sh -c "trap \'\' TERM HUP INT; sleep 100004 & sleep 100004" &); exec sleep 100004'),
  deaf: shell('trap "" TERM HUP INT; while :; do sleep 1; done'),
  'hung-and-suspended': writer('one'),
  'hung-and-deleted': writer('two'),
};
const hung = ['hung-and-suspended', 'hung-and-deleted'] as const;

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await machine.run(
    [
      'insmod "$(find /lib/modules -name "brd.ko*" | head -n 1)" rd_nr=1 rd_size=16384',
      'mkfs.ext4 -q -O ^has_journal /dev/ram0',
      `mkdir -p ${disk} && mount /dev/ram0 ${disk} && chmod 1777 ${disk}`,
    ].join(' && '),
  );
  await installHublet(machine, {
    config: { apiVersion: 'hublet/v1', kind: 'Config', prune: { minCount: 100 } },
    start: true,
  });
  await dropSpecs(machine, specs);
});
afterAll(() => machine?.kill());

describe('a server that leaves processes behind', () => {
  it('and ends well is Stopped, and nothing of it is left', async () => {
    const names = ['fork-and-die', 'double-fork'];
    const statuses = await awaitPhase(machine, names, 'Stopped', 180_000);
    for (const { lastExit, restarts } of statuses) {
      expect([lastExit?.result, lastExit?.status, restarts]).toEqual(['success', 0, 0]);
    }
    await expectNoProcess('sleep 10000[12]');
    for (const name of names) expect(await countReason(name, 'Exited')).toBe(1);
  });

  it('and fails is Failed, and nothing of it is left', async () => {
    const [status] = await awaitPhase(machine, ['fork-and-crash'], 'Failed');
    expect([status?.lastExit?.result, status?.lastExit?.status]).toEqual(['exit-code', 9]);
    await expectNoProcess('sleep 100003');
  });
});

describe('a server that does not want to end', () => {
  it('is killed with all of its children once its grace period is over', async () => {
    const names = ['with-children', 'deaf'];
    await awaitPhase(machine, names, 'Ready');
    await dropSpecs(machine, {
      'with-children': { ...specs['with-children'], suspend: true },
      deaf: { ...specs.deaf, suspend: true },
    });
    const statuses = await awaitPhase(machine, names, 'Stopped');
    for (const status of statuses) expect(conditionOf(status, 'Stalled')).toBeUndefined();
    await expectNoProcess('sleep 100004');
    for (const name of names) {
      expect(
        await machine.run(`ls -d /sys/fs/cgroup/hublet.slice/hublet-${name}.service 2> /dev/null || echo none`),
      ).toBe('none\n');
      expect(await countReason(name, 'UnexpectedStop')).toBe(0);
      expect(await countReason(name, 'Crashed')).toBe(0);
    }
  });
});

describe('a server that hangs in the kernel', () => {
  const pids: Record<string, number> = {};

  it('is Stopping and Unkillable for as long as it does, though systemd gives it up', async () => {
    const statuses = await awaitPhase(machine, hung, 'Ready');
    for (const [at, name] of hung.entries()) pids[name] = statuses[at]?.mainPid ?? 0;
    await machine.run(`fsfreeze --freeze ${disk}`);
    for (const name of hung) await waitFor(`${name} to hang`, async () => (await stateOf(name)) === 'D', 60_000);

    await dropSpecs(machine, { 'hung-and-suspended': { ...specs['hung-and-suspended'], suspend: true } });
    await removeSpecs(machine, ['hung-and-deleted']);
    for (const name of hung) {
      await waitFor(
        `systemd to give ${name} up`,
        async (saw) => saw(await showUnit(machine, name, ['ActiveState', 'SubState'])).ActiveState !== 'deactivating',
        120_000,
        1_000,
      );
    }
    const stalled = await awaitStatuses(
      machine,
      hung,
      'Unkillable',
      (status) => conditionOf(status, 'Stalled')?.reason === 'Unkillable',
    );
    expect(stalled.map(({ phase }) => phase)).toEqual(['Stopping', 'Deleting']);
    for (const name of hung) expect(await stateOf(name)).toBe('D');
  });

  it('is not started a second time', async () => {
    await dropSpecs(machine, { 'hung-and-suspended': specs['hung-and-suspended'] });
    const status = await awaitStatus(
      machine,
      'hung-and-suspended',
      'the wish to run',
      (now) => conditionOf(now, 'Suspended')?.status === 'False',
    );
    expect(status.phase).toBe('Stopping');
    expect(await countReason('hung-and-suspended', 'Starting')).toBe(1);
    expect(await stateOf('hung-and-suspended')).toBe('D');
  });

  it('is still known to a controller that comes after', async () => {
    await machine.run('systemctl restart hublet');
    const status = await awaitStatus(
      machine,
      'hung-and-suspended',
      'Stopping',
      ({ phase, conditions }) => phase === 'Stopping' && conditionOf({ conditions }, 'Stalled') !== undefined,
    );
    expect(conditionOf(status, 'Stalled')?.reason).toBe('Unkillable');
    expect((await readStatuses(machine)).has('hung-and-deleted')).toBe(true);
    expect(await countReason('hung-and-suspended', 'Starting')).toBe(1);
  });

  it('ends once it can: what was deleted is gone, what is wished runs anew', async () => {
    await machine.run(`fsfreeze --unfreeze ${disk}`);
    await awaitGone(machine, ['hung-and-deleted']);
    const [status] = await awaitPhase(machine, ['hung-and-suspended'], 'Ready');
    expect(conditionOf(status ?? { conditions: [] }, 'Stalled')).toBeUndefined();
    expect(status?.mainPid).not.toBe(pids['hung-and-suspended']);
    for (const pid of Object.values(pids)) expect((await machine.exec(`test -d /proc/${pid}`)).code).toBe(1);
  });

  /** State of the main process, as in /proc/PID/status; empty where it is gone. */
  async function stateOf(name: string): Promise<string> {
    return (await machine.exec(`sed -n 's/^State:\\t\\(.\\).*/\\1/p' /proc/${pids[name]}/status`)).stdout.trim();
  }
});

async function countReason(name: string, reason: string): Promise<number> {
  const events = (await readEvents(machine, name)).filter((event) => event.reason === reason);
  return events.reduce((sum, { count }) => sum + count, 0);
}

async function expectNoProcess(pattern: string): Promise<void> {
  expect((await machine.exec(`pgrep -fa '^${pattern}$'`)).stdout).toBe('');
}
