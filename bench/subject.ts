/** The controller under measurement, and the scripts beside it. */
import { installHublet, startHublet } from '../test/machine/hublet.ts';
import type { Machine } from '../test/machine/machine.ts';
import { projectDirectory } from '../test/machine/places.ts';

const GUEST_TIMEOUT_MS = 900_000;

/** Installs this checkout's hublet and the scripts, nothing running. */
export async function installSubject(machine: Machine): Promise<void> {
  await installHublet(machine);
  await configure(machine, {});
  await machine.putEntries(projectDirectory, ['bench/guest'], '/opt/hublet', { replace: true });
}

/** Counts as of the next start. Specs may all vanish at once here: that is how a round is cleaned up. */
export async function configure(machine: Machine, options: { readonly resyncSeconds?: number }): Promise<void> {
  const config = {
    apiVersion: 'hublet/v1',
    kind: 'Config',
    sources: [{ path: '/etc/hublet/desired-state', prune: 'off' }],
    ...(options.resyncSeconds === undefined ? {} : { reconcile: { resync: `${options.resyncSeconds}s` } }),
  };
  await machine.writeFile('/etc/hublet/hublet.yaml', JSON.stringify(config));
}

export async function startController(machine: Machine): Promise<void> {
  await startHublet(machine);
}

export async function stopController(machine: Machine): Promise<void> {
  await machine.run('systemctl stop hublet.service');
}

/** Runs one of the scripts to its end. Returns what it printed. @throws where it failed */
export async function runGuest<Report>(machine: Machine, script: string): Promise<Report> {
  const text = await machine.run(`cd /opt/hublet && /usr/local/bin/node bench/guest/${script}`, {
    timeoutMs: GUEST_TIMEOUT_MS,
  });
  return JSON.parse(text) as Report;
}
