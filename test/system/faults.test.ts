import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installHublet, startHublet } from '../machine/hublet.ts';
import { expectUndisturbed } from '../machine/identities.ts';
import { boot, type ExecResult, type Machine, waitFor } from '../machine/machine.ts';
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
  it('dbus is restarted', async () => {
    await expectUndisturbed(machine, () => reconnected('systemctl restart dbus.service'));
  });

  it('dbus-daemon is killed', async () => {
    await expectUndisturbed(machine, () => reconnected('systemctl kill --signal=KILL --kill-whom=main dbus.service'));
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

  it('systemd reads its units anew, three times', async () => {
    await expectUndisturbed(machine, async () => {
      for (let round = 0; round < 3; round += 1) await machine.run('systemctl daemon-reload');
      await settled();
    });
  });

  it('systemd executes itself anew', async () => {
    await expectUndisturbed(machine, async () => {
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
        60_000,
      );
    }
    await meanwhile();
    await waitFor(
      'a new connection',
      async (saw) => {
        const status = saw(await readHostStatus(machine));
        return status.dbus.reconnects > before && conditionOf(status, 'BusConnected')?.status === 'True';
      },
      60_000,
    );
    // An answer to a scrape is given again for a moment.
    await waitFor(
      'the count of connections',
      async (saw) => (saw(sampleValue(await scrape(machine), 'hublet_dbus_reconnects_total')) ?? 0) > counted,
      60_000,
    );
    await settled();
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
      await machine.run(
        'for disk in /run/hublet /var/lib/hublet; do cat /dev/zero > $disk/filler 2> /dev/null; [ $(stat -f -c %a $disk) = 0 ]; done',
      );
      await dropSpecs(machine, { three: limited('96M'), fresh: { ...sleeper, environment: { A: 'b' } } });
      // What needs no disk is done at once.
      await waitFor(
        'the new limit',
        async (saw) => saw(await showUnit(machine, 'three', ['MemoryMax'])).MemoryMax === `${96 * 2 ** 20}`,
        90_000,
      );
      await waitFor('the log to tell of it', () => logged('accepted spec could not be stored'), 60_000);
      expect((await machine.exec('systemctl is-active hublet-fresh.service')).stdout).not.toBe('active\n');

      await machine.run('rm /run/hublet/filler /var/lib/hublet/filler');
      await awaitPhase(machine, [...names, 'fresh'], 'Ready', 180_000);
      await awaitStatus(machine, 'three', 'its limit', ({ applied }) => applied.memoryMaxBytes === 96 * 2 ** 20);
      const stored = 'grep -l \'"name":"fresh"\' /var/lib/hublet/specs/*.json';
      await waitFor('the accepted spec on disk', async () => (await machine.exec(stored)).code === 0, 60_000);
      expect(await machine.run('cat /var/lib/hublet/ports.jsonl')).toContain('"fresh"');
    });
    expect(await machine.run('systemctl show hublet -p MainPID,NRestarts')).toBe(controller);
    expect(await machine.run('find /run/hublet /var/lib/hublet -name "*.tmp"')).toBe('');
  });

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

describe('hublet run says in one line why it does not, and the exit code says it to scripts:', () => {
  beforeAll(() => machine.run('mkdir -p /tmp/specs && chmod 755 /tmp/specs'));

  it('a configuration that is wrong: 78, file, line and column', async () => {
    await machine.writeFile(
      '/tmp/wrong.yaml',
      'apiVersion: hublet/v1\nkind: Config\nreconcile:\n  maxStarting: many\n',
    );
    const result = await run('--config /tmp/wrong.yaml');
    expect(oneLine(result)).toMatch(/^hublet: \/tmp\/wrong\.yaml:4:16: reconcile\.maxStarting: /);
    expect(result.code).toBe(78);
  });

  it('a configuration that is not there: 78', async () => {
    const result = await run('--config /tmp/absent.yaml');
    expect(oneLine(result)).toContain('/tmp/absent.yaml');
    expect(result.code).toBe(78);
  });

  it('no bus: 69', async () => {
    const result = await run('', 'DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere');
    expect(oneLine(result)).toMatch(/^hublet: no connection to systemd .*is this host run by systemd/);
    expect(result.code).toBe(69);
  });

  it('another one that runs: 75, and which', async () => {
    const result = await run('', 'HUBLET_LOCK=');
    const pid = (await machine.run('systemctl show hublet -p MainPID --value')).trim();
    expect(oneLine(result)).toMatch(new RegExp(`^hublet: .*already running.* ${pid} .*/run/hublet\\.lock`));
    expect(result.code).toBe(75);
  });

  it('a flag that there is not: 2', async () => {
    const result = await run('--desired-sate /tmp/specs');
    expect(oneLine(result)).toMatch(/^hublet: unknown option '--desired-sate'.*--desired-state/);
    expect(result.code).toBe(2);
  });

  it('an address to listen on that means nothing: 78', async () => {
    const result = await run('--listen nonsense');
    expect(oneLine(result)).toContain('nonsense');
    expect(result.code).toBe(78);
  });

  it('no root: 77', async () => {
    const result = await machine.exec('hublet run --system', { user: 'alice' });
    expect(oneLine(result)).toMatch(/permission denied.*run it as root/);
    expect(result.code).toBe(77);
  });

  it('neither root nor a session: what is missing for user mode', async () => {
    const result = await machine.exec('env -u XDG_RUNTIME_DIR hublet run', { user: 'alice' });
    expect(oneLine(result)).toMatch(/^hublet: /);
    expect([69, 77]).toContain(result.code);
  });

  it('a state directory that was damaged: what to do about it', async () => {
    await machine.run('mkdir -p /tmp/damaged && echo "{" > /tmp/damaged/instance.json');
    const result = await run('--state-dir /tmp/damaged');
    expect(oneLine(result)).toMatch(/^hublet: \/tmp\/damaged\/instance\.json: not JSON\. .*restore it/);
    expect(result.code).toBe(1);
  });

  it('but runs without its directory of specs, and waits for it', async () => {
    await using controller = await machine.spawn(command('--desired-state /tmp/nowhere --listen 127.0.0.1:9811', ''));
    await waitFor(
      'the source to be told of as missing',
      async (saw) => {
        const status = JSON.parse(saw(await machine.run('cat /tmp/run/status.json')));
        return conditionOf(status, 'SourceReady')?.reason === 'Missing';
      },
      120_000,
    );
    const ready = await machine.exec(
      'curl -s -o /dev/null -w "%{http_code}" --max-time 30 http://127.0.0.1:9811/readyz',
    );
    expect(ready.stdout).toBe('503');
    await machine.run('mkdir -m 755 /tmp/nowhere');
    await waitFor(
      'the source to be ready',
      async () =>
        conditionOf(JSON.parse(await machine.run('cat /tmp/run/status.json')), 'SourceReady')?.status === 'True',
      60_000,
    );
    expect(await controller.kill('TERM')).toBe(0);
    expect(controller.stderr).toBe('');
  });

  /** A second controller with places of its own. */
  function command(flags: string, environment: string): string {
    const places = '--desired-state /tmp/specs --state-dir /tmp/state --runtime-dir /tmp/run --listen off';
    return `cd /tmp && HUBLET_LOCK=/tmp/bad.lock ${environment} exec hublet run ${places} ${flags}`;
  }

  function run(flags: string, environment = ''): Promise<ExecResult> {
    return machine.exec(command(flags, environment), { timeoutMs: 200_000 });
  }

  function oneLine({ stderr }: ExecResult): string {
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    return stderr.trimEnd();
  }
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
