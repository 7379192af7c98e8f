import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHublet } from '../../machine/hublet.ts';
import { type Machine, waitFor } from '../../machine/machine.ts';
import {
  awaitPhase,
  awaitStatus,
  desiredState,
  dropSpecs,
  readCgroup,
  readEvents,
  removeSpecs,
  type Spec,
  specText,
} from '../../machine/servers.ts';
import type { Prometheus } from '../../prometheus/server.ts';
import { dashboardQueries, readAlerts, withVariables } from '../../unit/metrics/rules.ts';
import { compare } from '../prometheus/comparison.ts';
import { FIRED_AT_LENGTH, Firing, NEVER_FIRED } from '../prometheus/firing.ts';
import { crashing, killOne, measured, members, steady, thrashing } from '../prometheus/load.ts';
import { bootForLoad, watch } from '../prometheus/watched.ts';

const troubled: Readonly<Record<string, Spec>> = {
  crashing,
  failing: { user: 'bob', command: ['false'], restartPolicy: 'Never' },
  drifting: { user: 'bob', command: ['sleep', 'infinity'] },
  thrashing,
};
/** In a source of their own, whose files vanish and which itself does. */
const vanishing = ['one', 'two', 'three'];

/** What nobody waits for here, or what comes only where something is wrong; test/prometheus has an answer to all of it. */
const MAYBE_EMPTY = ['A core or more for an hour', 'Up for more than a week', 'D-Bus errors', 'Controller started'];
const isMaybeEmpty = ({ where, expr }: { readonly where: string; readonly expr: string }) =>
  MAYBE_EMPTY.includes(where) || expr.includes('result="error"');

let machine: Machine;
let prometheus: Prometheus;
let firing: Firing;

beforeAll(async () => {
  machine = await bootForLoad({
    sources: [{ path: desiredState }, { path: '/srv/specs' }],
    // So that limits that somebody else sets are found soon.
    reconcile: { resync: '5s' },
  });
  const texts = vanishing.map((name) => [
    `${name}.yaml`,
    specText(name, { user: 'bob', command: ['sleep', 'infinity'], suspend: true }),
  ]);
  await machine.put({ files: Object.fromEntries(texts) }, '/srv/specs');
  await machine.run('cp -r /srv/specs /srv/kept');
  await startHublet(machine);
  prometheus = await watch(machine);
  firing = new Firing(prometheus);
  await dropSpecs(machine, steady);
  await awaitPhase(machine, Object.keys(steady), 'Ready');
});

afterAll(async () => {
  await prometheus?.stop();
  await machine?.kill();
});

describe('Prometheus, which scrapes hublet while its servers are at work', () => {
  it('has what systemd and the cgroup files say, within one sample, of servers and of their pools', async () => {
    // An increase has to begin somewhere.
    const kills = 'hublet_server_oom_kills_total{server="greedy"}';
    await waitFor('greedy at 0', async (saw) => saw(await prometheus.value(kills)) === 0, 60_000);
    await machine.run(killOne);
    const { values, faults } = await compare(machine, prometheus, measured);
    expect(faults).toEqual([]);
    expect(values).toBeGreaterThan(200);
    expect(await prometheus.value(kills)).toBe(1);
    for (const counter of ['cpu_throttled_seconds_total', 'io_write_bytes_total', 'pressure_waiting_seconds_total'])
      expect(await prometheus.value(`max(hublet_server_${counter})`), counter).toBeGreaterThan(0);
  });

  it('has the sum of its servers for a pool', async () => {
    const servers = members.lab.join('|');
    await waitFor(
      "the pool's tasks to be those of its servers",
      async (saw) =>
        saw(
          await prometheus.value(
            `hublet_pool_tasks{pool="lab"} == scalar(sum(hublet_server_tasks{server=~"${servers}"}))`,
          ),
        ) === members.lab.length,
      60_000,
    );
  });
});

describe('alerts', () => {
  it('fire for what goes wrong with servers, specs and configuration', async () => {
    await dropSpecs(machine, troubled);
    await machine.run(
      `echo 'apiVersion: [' > ${desiredState}/broken.yaml; mkdir -p /etc/hublet/hublet.d; echo 'pools: 7' > /etc/hublet/hublet.d/bad.yaml; rm /srv/specs/*`,
    );
    await fightFor('drifting');
    await firing.await(
      [
        'HubletServerCrashLooping crashing',
        'HubletServerOOMKilled greedy',
        'HubletServerFailed failing',
        'HubletServerNotReady crashing',
        'HubletServerMemoryNearLimit full',
        'HubletServerMemoryStalled thrashing',
        'HubletServerCPUThrottled busy',
        'HubletPoolMemoryNearLimit tight',
        'HubletDriftFlapping CPUWeight',
        'HubletSpecsInvalid',
        'HubletConfigInvalid',
        'HubletPruneHeld',
      ],
      240_000,
    );
    await machine.run('mv /srv/specs /srv/specs.away');
    await firing.await(['HubletSourceLost /srv/specs'], 120_000);
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

  it('every query of the dashboard has an answer, and every rule can be evaluated', async () => {
    expect((await prometheus.rules()).filter(({ health }) => health !== 'ok')).toEqual([]);
    // The last one was more than a minute ago, perhaps.
    await machine.run(killOne);
    await waitFor(
      'an answer to all of them',
      async (saw) => {
        const empty: string[] = [];
        for (const query of dashboardQueries().filter((each) => !isMaybeEmpty(each)))
          if ((await prometheus.query(withVariables(query.expr))).length === 0)
            empty.push(`${query.where}: ${query.expr}`);
        return saw(empty).length === 0;
      },
      30_000,
    );
  });

  it('end when what they tell of does', async () => {
    await machine.run(
      'cp /srv/kept/* /srv/specs.away/; mv /srv/specs.away /srv/specs; rm /etc/hublet/hublet.d/bad.yaml',
    );
    await removeSpecs(machine, ['broken', 'failing', 'thrashing']);
    const over = ['SourceLost /srv/specs', 'PruneHeld', 'SpecsInvalid', 'ConfigInvalid', 'ServerFailed failing'];
    await firing.awaitOver(
      over.map((name) => `Hublet${name}`),
      120_000,
    );
  });

  it('fire for a bus that is away and for a controller that is', async () => {
    await machine.run('systemctl stop dbus.socket dbus.service');
    try {
      await firing.await(['HubletBusLost'], 120_000);
    } finally {
      await machine.run('systemctl start dbus.socket dbus.service');
    }
    await waitFor('the bus', async (saw) => saw(await prometheus.value('hublet_dbus_connected')) === 1, 120_000);
    await machine.run('systemctl stop hublet.service', { timeoutMs: 300_000 });
    await firing.await(['HubletDown'], 120_000);
  });

  it('have fired, all but those that are made to elsewhere, and none for a server that was well', () => {
    const known = readAlerts().map(({ alert }) => alert);
    const fired = [...firing.seen].map((name) => name.split(' ')[0] ?? '');
    expect(known).toEqual(expect.arrayContaining(fired));
    expect([...fired, ...FIRED_AT_LENGTH, ...NEVER_FIRED]).toEqual(expect.arrayContaining(known));
    expect([...firing.seen].filter((name) => / (writer|quiet)$/.test(name))).toEqual([]);
  });
});

/** Sets a limit of a server thrice, each time that hublet has set it back. */
async function fightFor(name: string): Promise<void> {
  // A change by hand counts as one only once it is known what was in force before.
  const { controlGroup } = await awaitStatus(
    machine,
    name,
    'to be Ready and read',
    ({ phase, applied }) => phase === 'Ready' && applied.cpuWeight !== undefined,
  );
  for (const weight of [7, 8, 9]) {
    await machine.run(`systemctl set-property --runtime hublet-${name}.service CPUWeight=${weight}`);
    await waitFor(
      'the weight to be set back',
      async (saw) => saw(await readCgroup(machine, controlGroup, 'cpu.weight')) === '100',
      90_000,
    );
  }
}
