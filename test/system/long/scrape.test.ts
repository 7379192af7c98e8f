import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killHublet, startHublet } from '../../machine/hublet.ts';
import { type Machine, waitFor } from '../../machine/machine.ts';
import { awaitGone, awaitPhase, desiredState, dropSpecs, removeSpecs } from '../../machine/servers.ts';
import type { Prometheus } from '../../prometheus/server.ts';
import { dashboardQueries, withVariables } from '../../unit/metrics/rules.ts';
import { compare } from '../prometheus/comparison.ts';
import { readAlarms } from '../prometheus/falseAlarms.ts';
import { FIRED_AT_LENGTH, Firing } from '../prometheus/firing.ts';
import { crashing, killOne, measured, slow, steady } from '../prometheus/load.ts';
import { bootForLoad, watch } from '../prometheus/watched.ts';

/** How long the load is scraped. */
const SECONDS = Number(process.env.HUBLET_PROMETHEUS_SECONDS ?? 60);
/** What is so all the time: none of it is a fault of hublet. */
const EXPECTED = [
  'HubletPoolMemoryNearLimit tight',
  'HubletServerCPUThrottled busy',
  'HubletServerCrashLooping crashing',
  'HubletServerMemoryNearLimit full',
  'HubletServerNotReady crashing',
  'HubletServerOOMKilled greedy',
];

let machine: Machine;
let prometheus: Prometheus;
let firing: Firing;

beforeAll(async () => {
  // Many files go at the end.
  machine = await bootForLoad({ sources: [{ path: desiredState, prune: 'off' }] });
  await startHublet(machine);
  await dropSpecs(machine, { ...steady, crashing });
  await awaitPhase(machine, Object.keys(steady), 'Ready');
  prometheus = await watch(machine);
  firing = new Firing(prometheus);
});

afterAll(async () => {
  await prometheus?.stop();
  await machine?.kill();
});

it(
  'is scraped all the time while servers work, crash and are killed: always whole, and always the truth',
  async () => {
    const startedMs = Date.now();
    let values = 0;
    let rounds = 0;
    do {
      await machine.run(killOne);
      const comparison = await compare(machine, prometheus, measured);
      expect(comparison.faults, `after ${Math.round((Date.now() - startedMs) / 1000)} s`).toEqual([]);
      values += comparison.values;
      rounds += 1;
    } while (Date.now() - startedMs < SECONDS * 1000);
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    const range = `${seconds}s`;

    const [up] = await prometheus.range(`up[${range}]`);
    const scrapes = up?.samples ?? [];
    const pauses = scrapes.slice(1).map(({ atSeconds }, index) => atSeconds - (scrapes[index]?.atSeconds ?? 0));
    const counters = await prometheus.query(
      `last_over_time({__name__=~"hublet_.+_(total|count|sum|bucket)"}[${range}])`,
    );
    const restarts = await prometheus.value('hublet_server_restarts_total{server="crashing"}');
    const { fired, told } = await readAlarms(prometheus, seconds);
    const took = [0.5, 0.99, 1].map((share) => `quantile_over_time(${share}, scrape_duration_seconds[${range}])`);
    const tookMs = (await Promise.all(took.map((query) => prometheus.value(query)))).map((each = 0) => each * 1000);
    process.stderr.write(
      `${scrapes.length} scrapes, longest pause ${Math.max(...pauses).toFixed(2)} s; took ${tookMs.map((ms) => ms.toFixed(0)).join(', ')} ms (half, 99%, all); ${values} values compared in ${rounds} rounds; ${counters.length} counters over ${restarts} restarts; fired: ${[...fired].join(', ')}\n`,
    );

    // Every scrape succeeded, and none was left out; the first comes some seconds after Prometheus' start.
    expect(scrapes.length).toBeGreaterThanOrEqual(SECONDS - 10);
    expect(scrapes.filter(({ value }) => value !== 1)).toEqual([]);
    expect(Math.max(...pauses)).toBeLessThan(1.5);

    // No counter went back, not even of a server that was started anew again and again.
    expect(restarts).toBeGreaterThan(3);
    for (const family of new Set(counters.map(({ labels }) => labels.__name__ ?? '')))
      expect(await prometheus.query(`resets(${family}[${range}]) > 0`), family).toEqual([]);
    expect(await prometheus.value('hublet_server_oom_kills_total{server="greedy"}')).toBe(rounds);

    expect([...fired]).toEqual(expect.arrayContaining(EXPECTED));
    // Nobody would have been told of anything else; on an emulated machine more lasts for a second, which is all that hurried rules ask.
    expect([...told].filter((name) => !EXPECTED.includes(name))).toEqual([]);
  },
  (SECONDS + 300) * 1000,
);

describe('alerts fire', () => {
  const stuck = Array.from({ length: 16 }, (_, index) => `stuck${index}`);

  it('for servers that cannot be started, because a file system takes no files', async () => {
    // Ready much later.
    await dropSpecs(machine, { slow });
    await awaitPhase(machine, ['slow'], 'Running');
    await removeSpecs(machine, ['crashing']);
    await machine.run('mount -t tmpfs -o ro,mode=700 none /run/hublet/env');
    try {
      await dropSpecs(
        machine,
        Object.fromEntries(stuck.map((name) => [name, { user: 'bob', command: ['sleep', 'infinity'] }])),
      );
      await firing.await(['HubletReconcileErrors'], 180_000);
    } finally {
      await removeSpecs(machine, stuck);
      await machine.run('umount /run/hublet/env');
    }
    await awaitGone(machine, stuck);
  });

  it('for a controller that gets too little CPU', async () => {
    const pid = (await machine.run('systemctl show hublet.service -p MainPID --value')).trim();
    const starve = `import os, signal, time
for _ in range(14):
    os.kill(${pid}, signal.SIGSTOP)
    time.sleep(0.65)
    os.kill(${pid}, signal.SIGCONT)
    time.sleep(0.25)`;
    const starving = machine.run('python3 -', { input: starve });
    await firing.await(['HubletEventLoopLag'], 60_000);
    await starving;
  });

  it('for servers that are slow to become ready', async () => {
    await firing.await(['HubletStartSlow'], 180_000);
  });

  it('for a controller that comes back again and again', async () => {
    const started = () => prometheus.value('process_start_time_seconds');
    for (let times = 0; times < 3; times += 1) {
      const before = await waitFor('a controller', async (saw) => saw(await started()), 120_000);
      await killHublet(machine);
      await waitFor('another controller', async (saw) => ![before, undefined].includes(saw(await started())), 120_000);
    }
    await firing.await(['HubletRestarting'], 60_000);
    for (const { expr } of dashboardQueries().filter(({ where }) => where === 'Controller started'))
      expect(await prometheus.query(withVariables(expr))).toHaveLength(1);
    expect([...firing.seen].map((name) => name.split(' ')[0])).toEqual(expect.arrayContaining(FIRED_AT_LENGTH));
  });
});
