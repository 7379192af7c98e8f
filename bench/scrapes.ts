/** A scrape of hublet beside one of Prometheus' node exporter that tells the same of the same units: tasks, restarts, times. */
import { boot } from '../test/machine/machine.ts';
import { ensureNodeExporter } from '../test/prometheus/tools.ts';
import { spreadOf } from './numbers.ts';
import { installSubject, runGuest, startController } from './subject.ts';
import type { Row } from './table.ts';

const EXPORTER = [
  '/opt/exporter/prometheus-node-exporter --web.listen-address=127.0.0.1:9100 --log.level=error',
  '--collector.disable-defaults --collector.systemd --collector.systemd.unit-include="hublet-.*[.]service"',
  '--collector.systemd.enable-task-metrics --collector.systemd.enable-restarts-metrics',
  '--collector.systemd.enable-start-time-metrics',
].join(' ');

/** Pairs of scrapes of so many real servers, one of each in turn. */
export async function measureScrapes(count: number, pairs: number): Promise<readonly Row[]> {
  const program = await ensureNodeExporter();
  await using machine = await boot();
  await installSubject(machine);
  await machine.put(program, '/opt/exporter');
  await startController(machine);
  await runGuest(machine, `race.ts hublet ${count} --keep`);
  const exporter = await machine.spawn(`exec ${EXPORTER}`);
  const seconds = async (port: number): Promise<number> =>
    Number(
      await machine.run(
        `curl -sf --retry 20 --retry-connrefused -o /dev/null -w '%{time_total}' http://127.0.0.1:${port}/metrics`,
      ),
    );
  // The link asks whether the bus lives, and the resync lists the units: neither is of a scrape.
  const calls = async (): Promise<number> =>
    Number(
      await machine.run(
        `curl -sf http://127.0.0.1:9810/metrics | awk '/^hublet_dbus_calls_total/ && !/Ping|GetId|ListUnits/ {sum += $2} END {print sum}'`,
      ),
    );
  const units = Number(
    await machine.run(
      `curl -sf --retry 20 --retry-connrefused http://127.0.0.1:9100/metrics | grep -c '^node_systemd_unit_tasks_current{'`,
    ),
  );
  const servers = Number(await machine.run(`curl -sf http://127.0.0.1:9810/metrics | grep -c '^hublet_server_tasks{'`));
  if (units < count || servers < count)
    throw new Error(`${units} units and ${servers} servers are shown, not ${count}`);
  const before = await calls();
  const times: { readonly hublet: number; readonly exporter: number }[] = [];
  // An answer of hublet's counts for a moment; copying into the shell takes longer than that.
  for (let pair = 0; pair < pairs; pair += 1) {
    await machine.run('sleep 2');
    times.push({ hublet: await seconds(9810), exporter: await seconds(9100) });
  }
  const asked = (await calls()) - before;
  await exporter.kill();
  return [
    {
      what: `scrape of ${count} real servers, ms; raw: node exporter`,
      hublet: spreadOf(times.map((time) => 1000 * time.hublet)),
      raw: spreadOf(times.map((time) => 1000 * time.exporter)),
      ratio: spreadOf(times.map((time) => time.hublet / time.exporter)).median,
      target: { comparison: 'atMost', value: 0.3, text: '0.3 x node exporter' },
    },
    {
      what: `D-Bus calls in ${pairs} scrapes`,
      hublet: spreadOf([asked]),
      target: { comparison: 'atMost', value: 0, text: '0' },
    },
  ];
}
