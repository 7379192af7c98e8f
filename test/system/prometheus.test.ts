import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installHublet, startHublet } from '../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../machine/machine.ts';
import { awaitPhase, awaitStatus, desiredState, dropSpecs, readEvents, type Spec } from '../machine/servers.ts';
import { Prometheus } from '../prometheus/server.ts';
import { dashboardQueries, readAlerts, readRuleFile, withVariables } from '../unit/metrics/rules.ts';

const programs = {
  // Half the time busy, in and out of the kernel.
  'busy.py': 'import os\nwhile True: os.getppid()\n',
  // Memory up to nine tenths and a half of its limit.
  'full.py': `
import signal
group = open("/proc/self/cgroup").read().split("::")[1].strip()
number = lambda file: int(open(f"/sys/fs/cgroup{group}/{file}").read())
held = []
while number("memory.current") < 0.955 * number("memory.max"): held.append(b"x" * (1 << 19))
signal.pause()
`,
  // Writes to the disk and waits until it is there.
  'writer.py': `
import os, time
file = os.open(os.path.expanduser("~/written"), os.O_RDWR | os.O_CREAT, 0o600)
while True:
    os.pwrite(file, os.urandom(1 << 20), 0)
    os.fsync(file)
    time.sleep(0.3)
`,
  // A child that is killed for memory, each time that SIGUSR1 comes; says when it saw it.
  'greedy.py': `
import os, signal, time
def greedy(*_):
    child = os.fork()
    if child == 0:
        block = b"x" * (300 << 20)
        os._exit(0)
    os.waitpid(child, 0)
    print(f"killed at {time.time()}", flush=True)
signal.signal(signal.SIGUSR1, greedy)
while True: signal.pause()
`,
};

const steady: Readonly<Record<string, Spec>> = {
  busy: program('alice', 'busy.py', { resources: { cpu: { limit: 0.4 } }, pool: 'lab' }),
  full: program('bob', 'full.py', { resources: { memory: { limit: '64M' } }, pool: 'lab' }),
  writer: program('carol', 'writer.py', {}),
};
const troubled: Readonly<Record<string, Spec>> = {
  greedy: program('alice', 'greedy.py', { resources: { memory: { limit: '128M' } } }),
  crashing: {
    user: 'alice',
    command: ['sh', '-c', 'exit 3'],
    restartPolicy: 'Always',
    backoff: { initial: '1s', max: '1s' },
  },
  failing: { user: 'bob', command: ['false'], restartPolicy: 'Never' },
};

let machine: Machine;
let prometheus: Prometheus;
const rules = mkdtempSync(join(tmpdir(), 'hublet-rules-'));

beforeAll(async () => {
  machine = await boot();
  await machine.put({ files: programs }, '/opt/programs');
  await installHublet(machine, {
    config: {
      apiVersion: 'hublet/v1',
      kind: 'Config',
      metrics: { level: 'full' },
      sources: [{ path: desiredState }, { path: '/srv/specs' }],
      pools: { lab: { memory: { limit: '400M' } } },
    },
  });
  await machine.run('mkdir /srv/specs');
  await startHublet(machine);
  // The rules as they are, but for how long something must last: nobody waits here for a quarter of an hour.
  const files = ['recording.yml', 'alerts.yml'].map((file) => {
    const { groups } = readRuleFile(file);
    const hurried = groups.map(({ name, rules: of }) => ({
      name,
      rules: of.map((rule) => ('for' in rule ? { ...rule, for: '1s' } : rule)),
    }));
    writeFileSync(join(rules, file), JSON.stringify({ groups: hurried }));
    return join(rules, file);
  });
  prometheus = await Prometheus.start({ port: await machine.forward(9810), rules: files });
  await dropSpecs(machine, steady);
  await awaitPhase(machine, Object.keys(steady), 'Ready');
});

afterAll(async () => {
  await prometheus?.stop();
  await machine?.kill();
  rmSync(rules, { recursive: true });
});

describe('Prometheus, which scrapes hublet while its servers are at work', () => {
  it('can evaluate every rule and every query of the dashboard', async () => {
    expect((await prometheus.rules()).filter(({ health }) => health === 'err')).toEqual([]);
    for (const { where, expr } of dashboardQueries())
      await expect(prometheus.query(withVariables(expr)), where).resolves.toBeDefined();
  });
});

describe('alerts', () => {
  const fired = new Map<string, Readonly<Record<string, string>>>();

  /** Waits until all of these have fired, each with its label. */
  async function awaitFiring(wanted: Readonly<Record<string, Readonly<Record<string, string>>>>, timeoutMs: number) {
    await waitFor(
      Object.keys(wanted).join(', '),
      async (saw) => {
        for (const { state, labels } of await prometheus.alerts())
          if (state === 'firing')
            fired.set(`${labels.alertname} ${labels.server ?? labels.source ?? ''}`.trim(), labels);
        const missing = Object.entries(wanted).filter(([alert, { who = '' }]) => !fired.has(`${alert} ${who}`.trim()));
        return saw(missing.map(([alert]) => alert)).length === 0;
      },
      timeoutMs,
    );
  }

  it('fire for crash loops, kills, failures, full and throttled servers, bad files and a source that is lost', async () => {
    await dropSpecs(machine, troubled);
    await machine.run(
      `echo 'apiVersion: [' > ${desiredState}/broken.yaml; mkdir -p /etc/hublet/hublet.d; echo 'pools: 7' > /etc/hublet/hublet.d/bad.yaml`,
    );
    await awaitPhase(machine, ['greedy'], 'Ready');
    await machine.run('systemctl kill --kill-whom=main --signal=USR1 hublet-greedy.service');
    await machine.run('mv /srv/specs /srv/specs.away');
    await awaitFiring(
      {
        HubletServerCrashLooping: { who: 'crashing' },
        HubletServerOOMKilled: { who: 'greedy' },
        HubletServerFailed: { who: 'failing' },
        HubletServerMemoryNearLimit: { who: 'full' },
        HubletServerCPUThrottled: { who: 'busy' },
        HubletSpecsInvalid: {},
        HubletConfigInvalid: {},
        HubletSourceLost: { who: '/srv/specs' },
      },
      240_000,
    );
  });

  it('a kill is an event, and in the words of the condition Ready, as it happens', async () => {
    const [event] = (await readEvents(machine, 'greedy')).filter(({ reason }) => reason === 'OOMKilled');
    const seen = /killed at (\S+)/.exec(await machine.run('journalctl -u hublet-greedy.service -o cat'))?.[1];
    process.stderr.write(
      `a kill was told ${Date.parse(event?.at ?? '') - Number(seen) * 1000} ms after its parent knew\n`,
    );
    const status = await awaitStatus(machine, 'greedy', 'to be Ready', ({ phase }) => phase === 'Ready');
    expect(status.conditions.find(({ type }) => type === 'Ready')?.message).toContain('killed for memory');
  });

  it('end when what they tell of does', async () => {
    await machine.run(
      `mv /srv/specs.away /srv/specs; rm ${desiredState}/broken.yaml ${desiredState}/failing.yaml /etc/hublet/hublet.d/bad.yaml`,
    );
    const over = ['HubletSourceLost', 'HubletSpecsInvalid', 'HubletConfigInvalid', 'HubletServerFailed'];
    await waitFor(
      `${over.join(', ')} to be over`,
      async (saw) => {
        const names = (await prometheus.alerts()).map(({ labels }) => labels.alertname ?? '');
        return saw(names.filter((name) => over.includes(name))).length === 0;
      },
      120_000,
    );
  });

  it('fire for a bus that is away and for a controller that is', async () => {
    await machine.run('systemctl stop dbus.socket dbus.service');
    try {
      await awaitFiring({ HubletBusLost: {} }, 120_000);
    } finally {
      await machine.run('systemctl start dbus.socket dbus.service');
    }
    await waitFor('the bus', async (saw) => saw(await prometheus.value('hublet_dbus_connected')) === 1, 120_000);
    await machine.run('systemctl stop hublet.service', { timeoutMs: 300_000 });
    await awaitFiring({ HubletDown: {} }, 120_000);
  });

  it('are all known to the rules, and none fired for a server that was well', () => {
    const known = readAlerts().map(({ alert }) => alert);
    for (const { alertname } of fired.values()) expect(known).toContain(alertname);
    const names = [...fired.keys()];
    expect(names.filter((name) => name.endsWith(' writer'))).toEqual([]);
  });
});

function program(user: string, file: string, more: object): Spec {
  return { user, command: ['python3', `/opt/programs/${file}`], ...more };
}
