// The main job on the newest systemd and kernel that Debian has packages of. What all of it does is tested on the oldest; here is
// that nothing of it changed in between, and what only newer ones can do.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../../src/status/types.ts';
import { installHublet, startHublet } from '../../machine/hublet.ts';
import { readIdentities } from '../../machine/identities.ts';
import { boot, type Machine, waitFor } from '../../machine/machine.ts';
import {
  awaitGone,
  awaitPhase,
  awaitStatus,
  conditionOf,
  countEvents,
  countIn,
  dropSpecs,
  readCgroup,
  readEvents,
  readHostStatus,
  removeSpecs,
  type Spec,
  showUnit,
} from '../../machine/servers.ts';

/** Answers on its port with what the process was given. */
const page = `require('node:http').createServer((_, response) => response.end(process.env.HUBLET_SERVER)).listen(process.env.PORT, '127.0.0.1')`;
/** A shell that lives on while a child of it wants 400 MB, once there is a file. */
const greedy = `until [ -e go ]; do sleep 0.2; done; perl -e "@held = (1) x 8_000_000"; exec sleep infinity`;

const limited: Spec = {
  user: 'alice',
  command: ['sleep', 'infinity'],
  environment: { TOLD: 'kept' },
  workingDirectory: '/usr/share',
  resources: {
    memory: { limit: '96M', high: '64M', guarantee: '16M' },
    cpu: { limit: 1.15, weight: 300, cpus: '0' },
    tasks: 20,
  },
  sandbox: { readOnlyPaths: ['/home/alice'] },
};
const servers: Readonly<Record<string, Spec>> = {
  limited,
  web: {
    user: 'bob',
    command: ['node', '-e', page],
    probes: { readiness: { http: { path: '/' } } },
  },
  greedy: { user: 'carol', command: ['bash', '-c', greedy], resources: { memory: { limit: '96M' } } },
  crashing: { user: 'carol', command: ['sleep', 'infinity'] },
  newer: newer(),
};
const names = Object.keys(servers);

describe('on the oldest systemd', () => {
  it('a property that it lacks is refused by name before anything is started', async () => {
    await using oldest = await boot({ systemd: 'oldest' });
    await installHublet(oldest, { start: true });
    await dropSpecs(oldest, { newer: newer() });

    const refused = await awaitStatus(
      oldest,
      'newer',
      'to be refused',
      (status) => conditionOf(status, 'Accepted')?.status === 'False',
    );

    expect(conditionOf(refused, 'Accepted')?.message).toContain(
      'spec.unitProperties.MemoryZSwapWriteback needs systemd 256, and this host has 252',
    );
    expect(refused).toMatchObject({ mainPid: null, invocationId: null });
    expect(await showUnit(oldest, 'newer', ['LoadState'])).toEqual({ LoadState: 'not-found' });
  });
});

let machine: Machine;

describe('on the newest systemd', () => {
  beforeAll(async () => {
    machine = await boot({ systemd: 'newest' });
    await installHublet(machine, { start: true });
    await dropSpecs(machine, servers);
    await awaitPhase(machine, names, 'Ready', 180_000);
  }, 900_000);

  afterAll(() => machine?.kill());

  it('hublet says which systemd it works with', async () => {
    const { systemdVersion } = await readHostStatus(machine);
    expect(Number.parseInt(systemdVersion, 10)).toBeGreaterThan(256);
    expect(await machine.run('systemctl --version | head -n 1')).toContain(`(${systemdVersion})`);
  });

  it('a server that is Ready answers on the port that it was given', async () => {
    const { address } = await ready('web');
    expect(await machine.run(`curl -sf --max-time 30 http://127.0.0.1:${address?.port}/`)).toBe('web');
  });

  it('what a spec asks for is what systemd says the unit has', async () => {
    const status = await ready('limited');
    expect(conditionOf(status, 'Synced')).toMatchObject({ status: 'True' });
    expect(
      await showUnit(machine, 'limited', [
        'MemoryMax',
        'MemoryHigh',
        'MemoryLow',
        'CPUQuotaPerSecUSec',
        'CPUWeight',
        'AllowedCPUs',
        'TasksMax',
        'WorkingDirectory',
        'User',
      ]),
    ).toEqual({
      MemoryMax: String(96 * 2 ** 20),
      MemoryHigh: String(64 * 2 ** 20),
      MemoryLow: String(16 * 2 ** 20),
      CPUQuotaPerSecUSec: '1.150000s',
      CPUWeight: '300',
      AllowedCPUs: '0',
      TasksMax: '20',
      WorkingDirectory: '/usr/share',
      User: 'alice',
    });
    expect(await readCgroup(machine, status.controlGroup, 'cpu.max')).toBe('115000 100000');
    expect(await readCgroup(machine, status.controlGroup, 'cpuset.cpus')).toBe('0');
  });

  it('a property that the oldest lacks is taken, down to the cgroup', async () => {
    const { controlGroup } = await ready('newer');
    expect(await showUnit(machine, 'newer', ['MemoryZSwapWriteback'])).toEqual({ MemoryZSwapWriteback: 'no' });
    expect(await readCgroup(machine, controlGroup, 'memory.zswap.writeback')).toBe('0');
  });

  it('limits change while the server runs on', async () => {
    const before = await ready('limited');
    const resources = { memory: { limit: '128M' }, cpu: { limit: 0.5 }, tasks: 30 };

    await dropSpecs(machine, { limited: { ...limited, resources } });

    const after = await awaitStatus(machine, 'limited', 'its new limits', ({ applied, observedGeneration }) => {
      return observedGeneration > 1 && applied.memoryMaxBytes === 128 * 2 ** 20 && applied.tasksMax === 30;
    });
    expect(after).toMatchObject({ mainPid: before.mainPid, invocationId: before.invocationId, restarts: 0 });
    expect(await readCgroup(machine, after.controlGroup, 'memory.max')).toBe(String(128 * 2 ** 20));
    expect(await readCgroup(machine, after.controlGroup, 'memory.high')).toBe('max');
    expect(await readCgroup(machine, after.controlGroup, 'cpu.max')).toBe('50000 100000');
    expect(await readCgroup(machine, after.controlGroup, 'pids.max')).toBe('30');
  });

  it('a child over the memory limit is killed and counted, the server lives on', async () => {
    const before = await ready('greedy');

    await machine.run('touch /home/carol/go');

    await waitFor(
      'the kill to be told',
      async (saw) => saw(countEvents(await readEvents(machine, 'greedy'), 'OOMKilled')) === 1,
      60_000,
    );
    expect(countIn(await readCgroup(machine, before.controlGroup, 'memory.events'), 'oom_kill')).toBe(1);
    expect(await ready('greedy')).toMatchObject({ invocationId: before.invocationId, restarts: 0 });
  });

  it('a server that crashes is up again, and its end is known', async () => {
    const before = await ready('crashing');

    await machine.run(`kill -SEGV ${before.mainPid}`);

    const after = await awaitStatus(
      machine,
      'crashing',
      'to be up again',
      ({ phase, restarts }) => phase === 'Ready' && restarts === 1,
    );
    expect(after.mainPid).not.toBe(before.mainPid);
    expect(after.lastExit).toMatchObject({ result: 'signal', status: 11 });
  });

  it.each([
    ['is restarted', 'systemctl restart hublet'],
    ['was killed', 'systemctl kill --signal=KILL --kill-whom=main hublet'],
  ])('servers are the same runs after hublet %s', async (_, happen) => {
    const [before, controller] = [await readIdentities(machine), await controllerPid()];

    await machine.run(happen);

    await waitFor('another controller', async (saw) => ![controller, '0'].includes(saw(await controllerPid())), 60_000);
    await startHublet(machine);
    await awaitPhase(machine, names, 'Ready');
    expect(await readIdentities(machine)).toEqual(before);
    await expectNothingLost();
  });

  it('servers and hublet are the same runs after systemd has replaced itself', async () => {
    const [before, controller] = [await readIdentities(machine), await controllerPid()];

    await machine.run('systemctl daemon-reexec', { timeoutMs: 180_000 });

    await awaitPhase(machine, names, 'Ready');
    expect([await readIdentities(machine), await controllerPid()]).toEqual([before, controller]);
    await expectNothingLost();
  });

  it('nothing is left of servers whose files are gone', async () => {
    const { controlGroup } = await ready('limited');

    await removeSpecs(machine, ['limited']);

    await awaitGone(machine, ['limited']);
    expect((await machine.exec(`test -e /sys/fs/cgroup${controlGroup}`)).code).toBe(1);
    expect(await machine.run('ls /run/hublet/env /run/hublet/state')).not.toContain('limited');
  });

  it('systemd had nothing to complain of in what it was asked', async () => {
    const { stdout } = await machine.exec(
      `journalctl -b -o cat _PID=1 | grep -iE 'unknown|deprecated|obsolete|ignoring|rejected' | sort -u`,
    );
    expect(stdout).toBe('');
  });
});

/** Asks for something that came with systemd 256 and Linux 6.8. */
function newer(): Spec {
  return { user: 'carol', command: ['sleep', 'infinity'], unitProperties: { MemoryZSwapWriteback: 'no' } };
}

async function ready(name: string): Promise<ServerStatus['status']> {
  const [status] = await awaitPhase(machine, [name], 'Ready');
  if (status === undefined) throw new Error('unreachable: one status was asked for');
  return status;
}

async function controllerPid(): Promise<string> {
  return (await machine.run('systemctl show -P MainPID hublet')).trim();
}

/** No server was ever taken for one that ended by itself, or for somebody else's. */
async function expectNothingLost(): Promise<void> {
  const events = await readEvents(machine);
  expect(events.filter(({ reason }) => reason === 'Orphaned' || reason === 'UnexpectedStop')).toEqual([]);
}
