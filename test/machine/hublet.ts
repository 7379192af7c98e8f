import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import { projectDirectory } from './places.ts';

/** What of the checkout is hublet itself. Its modules are in the saved state already. */
const shipped = ['bin', 'src', 'desired-state', 'metrics', 'systemd', 'package.json'];

export interface InstallOptions {
  /** /etc/hublet/hublet.yaml: text as it is, anything else as JSON, which is YAML too. No file when absent. */
  readonly config?: string | Readonly<Record<string, unknown>>;
  /** Whether hublet.service is started, and awaited until it says it is ready. False when absent. */
  readonly start?: boolean;
}

/**
 * Installs this checkout as it is now into the machine: /opt/hublet, /usr/local/bin/hublet and, where the checkout has them,
 * the units, tmpfiles and sysusers of `systemd/`. A second call replaces the first one's files; configuration that is not given stays.
 * @throws when the service does not start, with its status and last log lines.
 */
export async function installHublet(machine: Machine, options: InstallOptions = {}): Promise<void> {
  const entries = shipped.filter((entry) => existsSync(join(projectDirectory, entry)));
  await machine.putEntries(projectDirectory, entries, '/opt/hublet', { replace: true });
  const { config } = options;
  const text = typeof config === 'object' ? JSON.stringify(config, null, 2) : config;
  const steps = await setUpSteps();
  if (text === undefined) await machine.run(steps.join('\n'));
  else await machine.run([...steps, 'cat > /etc/hublet/hublet.yaml'].join('\n'), { input: text });
  if (options.start === true) await startHublet(machine);
}

/** Starts hublet.service and waits until it says it is ready. @throws with its status and last log lines when it does not start. */
export async function startHublet(machine: Machine): Promise<void> {
  const { code } = await machine.exec('systemctl start hublet.service', { timeoutMs: 300_000 });
  if (code === 0) return;
  throw new Error(
    `hublet.service did not start:\n${(await machine.exec('systemctl status --no-pager --full --lines=50 hublet.service')).stdout}`,
  );
}

/**
 * Kills the controller as the kernel would. One that systemd is about to start again is awaited: there is nothing to kill before.
 * @throws when there is none for two minutes.
 */
export async function killHublet(machine: Machine): Promise<void> {
  await machine.run('until systemctl kill --signal=KILL --kill-whom=main hublet.service; do sleep 0.1; done');
}

/** Shell lines that put the files of `systemd/` where systemd reads them. */
async function setUpSteps(): Promise<readonly string[]> {
  const steps = [
    'set -e',
    'mkdir -p /etc/hublet/desired-state',
    'ln -sfn /opt/hublet/bin/hublet /usr/local/bin/hublet',
  ];
  const directory = join(projectDirectory, 'systemd');
  const files = existsSync(directory) ? await readdir(directory) : [];
  for (const file of files.filter((name) => name.includes('sysusers'))) {
    steps.push(`install -D -m 644 /opt/hublet/systemd/${file} /usr/lib/sysusers.d/hublet.conf`);
    steps.push('systemd-sysusers hublet.conf');
  }
  for (const file of files.filter((name) => name.includes('tmpfiles'))) {
    steps.push(`install -D -m 644 /opt/hublet/systemd/${file} /usr/lib/tmpfiles.d/hublet.conf`);
    steps.push('systemd-tmpfiles --create hublet.conf');
  }
  const units = files.filter((file) => /\.(service|slice|socket|timer|path|target)$/.test(file)).join(' ');
  if (units !== '') {
    // New files are found without a reload, which takes longer here than all the rest; changed ones are not.
    steps.push('cd /opt/hublet/systemd', 'stale=', `for unit in ${units}; do`);
    steps.push('  [ ! -e /etc/systemd/system/$unit ] || cmp -s $unit /etc/systemd/system/$unit || stale=yes', 'done');
    steps.push(`install -m 644 -t /etc/systemd/system ${units}`, '[ -z "$stale" ] || systemctl daemon-reload');
  }
  return steps;
}
