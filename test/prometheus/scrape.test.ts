import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { seriesOf } from '../../src/metrics/catalogue/row.ts';
import { catalogueRows } from '../../src/metrics/catalogue.ts';
import type { ServerMetrics } from '../../src/metrics/types.ts';
import { waitFor } from '../machine/wait.ts';
import { dashboardQueries, metricsDirectory, withVariables } from '../unit/metrics/rules.ts';
import { FULL_USAGE, server, snapshot } from '../unit/metrics/snapshot.ts';
import { type MadeUpController, startMadeUpController } from './madeUpController.ts';
import { Prometheus } from './server.ts';

/** Whatever a name may hold. */
const ODD = 'a "b" \\ \u{1f600} {x="y"},\n=';

let servers: ServerMetrics[] = [];
let controller: MadeUpController;
let prometheus: Prometheus;

beforeAll(async () => {
  controller = await startMadeUpController(() => snapshot(servers, { pools: [{ name: 'gpu', usage: FULL_USAGE }] }));
  prometheus = await Prometheus.start({
    port: controller.port,
    rules: ['recording.yml', 'alerts.yml'].map((file) => join(metricsDirectory, 'rules', file)),
  });
});
beforeEach(() => {
  servers = [server('alice', { oomKills: 0 }), server(ODD)];
});
afterAll(async () => {
  await prometheus?.stop();
  await controller?.stop();
});

test('OpenMetrics is what a real Prometheus asks for and reads: every family, with its type and unit', async () => {
  await waitFor('a scrape', async (saw) => saw(await prometheus.value('up')) === 1, 60_000);
  const known = new Map((await prometheus.metadata()).map((row) => [row.metric, row]));
  for (const { name, type, unit } of catalogueRows()) {
    const family = type === 'counter' ? name.replace(/_total$/, '') : name;
    expect(known.get(family), name).toMatchObject({ type, unit: unit ?? '' });
  }
});

test('every series of the catalogue is stored, for odd names too', async () => {
  const shown = async (expression: string) => (await prometheus.value(`count(${expression})`)) ?? 0;
  await waitFor('both servers', async (saw) => saw(await shown('hublet_server_info')) === 2, 60_000);
  for (const row of catalogueRows()) {
    const owners = row.labels.some(({ name }) => name === 'server') ? 2 : 1;
    const stored =
      row.type === 'histogram'
        ? (await shown(`${row.name}_bucket`)) + (await shown(`${row.name}_sum`)) + (await shown(`${row.name}_count`))
        : await shown(row.name);
    expect(stored, row.name).toBe(owners * seriesOf(row));
  }
  const names = (await prometheus.query('hublet_server_info')).map(({ labels }) => labels.server);
  expect(names.sort()).toEqual(['alice', ODD].sort());
  expect(await prometheus.value('hublet_server_cpu_seconds_total{server="alice",mode="user"}')).toBe(12.5);
});

test('a server that is gone has no series after the next scrape', async () => {
  const isThere = async () => (await prometheus.query('{server="alice"}')).length > 0;
  await waitFor('alice', async (saw) => saw(await isThere()), 60_000);
  servers = [server(ODD)];
  await waitFor('no alice', async (saw) => !saw(await isThere()), 60_000);
});

test('the first kill for memory and the first restart of a server are an increase', async () => {
  const increase = (name: string) => prometheus.value(`increase(hublet_server_${name}_total{server="alice"}[1m])`);
  await waitFor('alice at 0', async (saw) => saw(await increase('oom_kills')) === 0, 60_000);
  servers = [server('alice', { oomKills: 1, restarts: 1 })];
  for (const name of ['oom_kills', 'restarts']) {
    await waitFor(`an increase of ${name}`, async (saw) => (saw(await increase(name)) ?? 0) > 0, 60_000);
  }
});

test('every query of the dashboard and every rule can be evaluated', async () => {
  for (const { where, expr } of dashboardQueries()) {
    await expect(prometheus.query(withVariables(expr)), `${where}: ${expr}`).resolves.toBeDefined();
  }
  await waitFor(
    'all rules to be evaluated',
    async (saw) => saw((await prometheus.rules()).filter(({ health }) => health !== 'ok')).length === 0,
    60_000,
  );
});
