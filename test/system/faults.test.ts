import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installHublet, startHublet } from '../machine/hublet.ts';
import { expectUndisturbed } from '../machine/identities.ts';
import { boot, type Machine, waitFor } from '../machine/machine.ts';
import {
  awaitPhase,
  awaitStatus,
  awaitStatuses,
  conditionOf,
  dropSpecs,
  readHostStatus,
  readStatuses,
  sampleValue,
  scrape,
  showUnit,
} from '../machine/servers.ts';

const sleeper = { user: 'alice', command: ['sleep', '100000'] };
const limited = (limit: string) => ({ ...sleeper, resources: { memory: { limit } } });
const web = {
  user: 'bob',
  command: ['python3', '-m', 'http.server', '--bind', '127.0.0.1', '{PORT}'],
  workingDirectory: '/usr/share/doc',
  probes: { readiness: { http: { path: '/' } } },
};
const names = ['one', 'two', 'three', 'four', 'web'];

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  // Disks of their own for what hublet keeps, small enough to be filled.
  for (const [directory, mode] of [
    ['/run/hublet', '755'],
    ['/var/lib/hublet', '700'],
  ]) {
    await machine.run(`mkdir -p ${directory} && mount -t tmpfs -o size=2m,mode=${mode} tmpfs ${directory}`);
  }
  // The journal goes with the machine, its console does not.
  await machine.writeFile(
    '/etc/systemd/system/hublet.service.d/console.conf',
    '[Service]\nStandardOutput=journal+console\n',
  );
  await installHublet(machine, { start: true });
  await dropSpecs(machine, { one: sleeper, two: sleeper, three: limited('64M'), four: sleeper, web });
  await awaitPhase(machine, names, 'Ready', 180_000);
});
afterAll(() => machine?.kill());

describe('trouble on the bus stops no server:', () => {
  it('dbus is restarted, and dbus-daemon is killed', async () => {
    await expectUndisturbed(machine, async () => {
      await reconnected('systemctl restart dbus.service');
      await reconnected('systemctl kill --signal=KILL --kill-whom=main dbus.service');
      await settled();
    });
  });

  it('dbus is away for a while, in which a spec comes and a server crashes', async () => {
    await expectUndisturbed(machine, async (before) => {
      await reconnected('systemctl stop dbus.socket dbus.service', async () => {
        await dropSpecs(machine, { late: sleeper, two: sleeper });
        await awaitStatuses(machine, names, 'not known any more', ({ phase }) => phase === 'Unknown');
        expect(sampleValue(await scrape(machine), 'hublet_dbus_connected')).toBe(0);
        expect((await machine.exec('curl -s --max-time 30 http://127.0.0.1:9810/readyz?verbose')).stdout).toMatch(
          /-.*dbus/,
        );
        await machine.run('systemctl kill --signal=KILL hublet-four.service');
        await machine.run('systemctl start dbus.socket dbus.service');
      });
      await awaitPhase(machine, [...names, 'late'], 'Ready');
      const four = await awaitStatus(machine, 'four', 'its new run', ({ restarts }) => restarts === 1);
      expect(four.lastExit).toMatchObject({ result: 'signal', status: 9 });
      // The one that crashed is another run now; all others must be the same ones.
      Reflect.deleteProperty(before, 'hublet-four.service');
    });
  });

  it('systemd reads its units anew, three times, and executes itself anew', async () => {
    await expectUndisturbed(machine, async () => {
      await machine.run('for round in 1 2 3; do systemctl daemon-reload; done');
      await settled();
      await machine.run('systemctl daemon-reexec');
      await settled();
    });
  });

  it('and after all of that limits are still changed live, and an end is still seen', async () => {
    await expectUndisturbed(machine, async (before) => {
      await dropSpecs(machine, { three: limited('80M') });
      await awaitStatus(machine, 'three', 'its new limit', ({ applied }) => applied.memoryMaxBytes === 80 * 2 ** 20);
      await machine.run('systemctl kill --signal=KILL hublet-one.service');
      await awaitStatus(machine, 'one', 'its new run', ({ restarts, phase }) => restarts === 1 && phase === 'Ready');
      Reflect.deleteProperty(before, 'hublet-one.service');
    });
  });

  /** Disturbs the bus and waits until hublet has lost it and found it again. */
  async function reconnected(disturb: string, meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
    const before = (await readHostStatus(machine)).dbus.reconnects;
    const counted = sampleValue(await scrape(machine), 'hublet_dbus_reconnects_total') ?? 0;
    await machine.run(disturb);
    if (disturb.includes('stop')) {
      await waitFor(
        'the loss to be told',
        async (saw) => conditionOf(saw(await readHostStatus(machine)), 'BusConnected')?.status === 'False',
        180_000,
      );
    }
    await meanwhile();
    await waitFor(
      'a new connection',
      async (saw) => {
        const status = saw(await readHostStatus(machine));
        return status.dbus.reconnects > before && conditionOf(status, 'BusConnected')?.status === 'True';
      },
      180_000,
    );
    // An answer to a scrape is given again for a moment.
    await waitFor(
      'the count of connections',
      async (saw) => (saw(sampleValue(await scrape(machine), 'hublet_dbus_reconnects_total')) ?? 0) > counted,
      180_000,
    );
  }

  /** A spec makes its way, so whatever came before it has been dealt with. */
  async function settled(): Promise<void> {
    const { generation } = (await readStatuses(machine)).get('two')?.metadata ?? {};
    await dropSpecs(machine, { two: sleeper }, { annotations: { generation: `${generation}` } });
    await awaitStatus(
      machine,
      'two',
      'a spec to be seen',
      ({ observedGeneration }) => observedGeneration > (generation ?? 0),
    );
    await awaitPhase(machine, names, 'Ready');
  }
});

describe('full disks', () => {
  it('stop no server and no controller, and all that was asked meanwhile is done once there is room', async () => {
    const controller = await machine.run('systemctl show hublet -p MainPID,NRestarts');
    await expectUndisturbed(machine, async () => {
      await fill('/var/lib/hublet');
      await dropSpecs(machine, { three: limited('88M') });
      await awaitStatus(machine, 'three', 'word of the disk', (status) =>
        /could not be written \(ENOSPC\)/.test(conditionOf(status, 'Accepted')?.message ?? ''),
      );
      await fill('/run/hublet');
      await dropSpecs(machine, { three: limited('96M'), fresh: { ...sleeper, environment: { A: 'b' } } });
      // What needs no disk is done at once.
      await waitFor(
        'the new limit',
        async (saw) => saw(await showUnit(machine, 'three', ['MemoryMax'])).MemoryMax === `${96 * 2 ** 20}`,
        90_000,
      );
      await waitFor('the log to tell of it', () => logged('accepted spec could not be stored'), 180_000);
      expect((await machine.exec('systemctl is-active hublet-fresh.service')).stdout).not.toBe('active\n');

      await machine.run('rm /run/hublet/filler /var/lib/hublet/filler');
      await awaitPhase(machine, [...names, 'fresh'], 'Ready', 180_000);
      await awaitStatus(machine, 'three', 'its limit', ({ applied }) => applied.memoryMaxBytes === 96 * 2 ** 20);
      const stored = 'grep -l \'"name":"fresh"\' /var/lib/hublet/specs/*.json';
      await waitFor('the accepted spec on disk', async () => (await machine.exec(stored)).code === 0, 180_000);
      expect(await machine.run('cat /var/lib/hublet/ports.jsonl')).toContain('"fresh"');
    });
    expect(await machine.run('systemctl show hublet -p MainPID,NRestarts')).toBe(controller);
    expect(await machine.run('find /run/hublet /var/lib/hublet -name "*.tmp"')).toBe('');
  });

  async function fill(disk: string): Promise<void> {
    await machine.run(`cat /dev/zero > ${disk}/filler 2> /dev/null; [ $(stat -f -c %a ${disk}) = 0 ]`);
  }

  async function logged(text: string): Promise<boolean> {
    return (await machine.exec(`journalctl -b -u hublet -o cat | grep -q '${text}'`)).code === 0;
  }
});

describe('a bad start of the service', () => {
  it('with a broken configuration ends with 78, is not tried again, and costs no server anything', async () => {
    await expectUndisturbed(machine, async () => {
      await machine.run('printf "apiVersion: hublet/v1\nkind: Config\nreconcile: [\n" > /etc/hublet/hublet.yaml');
      expect((await machine.exec('systemctl restart hublet')).code).not.toBe(0);
      expect(await machine.run('systemctl show hublet -p ExecMainStatus,ActiveState,NRestarts')).toBe(
        'NRestarts=0\nExecMainStatus=78\nActiveState=failed\n',
      );
      await machine.run('rm /etc/hublet/hublet.yaml');
      await startHublet(machine);
      await awaitPhase(machine, names, 'Ready');
    });
  });
});

it('hublet run without root ends with 77 and says in one line what is missing', async () => {
  const places = '--desired-state /tmp/specs --state-dir /tmp/state --runtime-dir /tmp/run --listen off';
  const command = `cd /tmp && HUBLET_LOCK=/tmp/bad.lock hublet run --system ${places}`;
  const { code, stderr } = await machine.exec(command, { user: 'alice', timeoutMs: 200_000 });
  expect(stderr).toMatch(/^hublet: .*permission denied.*run it as root.*\n$/);
  expect(code).toBe(77);
});

describe('a host that goes down', () => {
  it('takes its servers with it: none is taken for stopped by hand or crashed, and none is started', async () => {
    await machine.run('echo GOING-DOWN > /dev/console; systemctl --no-block poweroff');
    const console = await waitFor(
      'the machine to be off',
      async (saw) => {
        const [, written = ''] = saw(await machine.console()).split('GOING-DOWN');
        return written.includes('Power down') && written;
      },
      240_000,
      1_000,
    );
    expect(console).toMatch(/the host is going down|"reason":"ControllerStopping"/);
    for (const reason of ['UnexpectedStop', 'Crashed', 'Exited', 'BackOff', 'Starting', 'Deleting']) {
      expect(console).not.toContain(`"reason":"${reason}"`);
    }
    expect(console).not.toContain('"level":"error"');
  });
});
