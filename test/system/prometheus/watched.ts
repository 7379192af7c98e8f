import { installHublet } from '../../machine/hublet.ts';
import { boot, type Machine } from '../../machine/machine.ts';
import { hurriedRules } from '../../prometheus/hurriedRules.ts';
import { Prometheus } from '../../prometheus/server.ts';
import { pools, programs, programsDirectory } from './load.ts';

/** A machine with the programs and pools of the load, and a hublet that shows everything; it does not run yet. */
export async function bootForLoad(config: Readonly<Record<string, unknown>>): Promise<Machine> {
  const machine = await boot();
  await machine.put({ files: programs }, programsDirectory);
  await installHublet(machine, {
    config: { apiVersion: 'hublet/v1', kind: 'Config', metrics: { level: 'full' }, pools, ...config },
  });
  return machine;
}

/** A Prometheus that scrapes it each second. */
export async function watch(machine: Machine): Promise<Prometheus> {
  return Prometheus.start({ port: await machine.forward(9810), ruleTexts: hurriedRules(), scrapeSeconds: 1 });
}
