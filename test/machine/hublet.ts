import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { guestCompileCache } from './command.ts';
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
  await machine.run(`cd /opt/hublet && rm -rf ${shipped.join(' ')}`);
  await machine.putEntries(projectDirectory, entries, '/opt/hublet');
  if (options.config !== undefined) {
    const text = typeof options.config === 'string' ? options.config : JSON.stringify(options.config, null, 2);
    await machine.writeFile('/etc/hublet/hublet.yaml', text);
  }
  await machine.run(await setUpCommand());
  if (options.start === true) await startHublet(machine);
}

/** Starts hublet.service and waits until it says it is ready. @throws with its status and last log lines when it does not start. */
export async function startHublet(machine: Machine): Promise<void> {
  const { code } = await machine.exec('systemctl start hublet.service');
  if (code === 0) return;
  throw new Error(
    `hublet.service did not start:\n${(await machine.exec('systemctl status --no-pager --full --lines=50 hublet.service')).stdout}`,
  );
}

async function setUpCommand(): Promise<string> {
  const steps = ['mkdir -p /etc/hublet/desired-state', 'ln -sfn /opt/hublet/bin/hublet /usr/local/bin/hublet'];
  const directory = join(projectDirectory, 'systemd');
  const files = existsSync(directory) ? await readdir(directory) : [];
  const units = files.filter((file) => /\.(service|slice|socket|timer|path|target)$/.test(file));
  for (const file of files.filter((name) => name.includes('sysusers'))) {
    steps.push(
      `install -D -m 644 /opt/hublet/systemd/${file} /usr/lib/sysusers.d/hublet.conf`,
      'systemd-sysusers hublet.conf',
    );
  }
  for (const file of files.filter((name) => name.includes('tmpfiles'))) {
    steps.push(
      `install -D -m 644 /opt/hublet/systemd/${file} /usr/lib/tmpfiles.d/hublet.conf`,
      'systemd-tmpfiles --create hublet.conf',
    );
  }
  if (units.length > 0) {
    steps.push(`cd /opt/hublet/systemd && install -m 644 -t /etc/systemd/system ${units.join(' ')}`);
    if (units.includes('hublet.service')) steps.push(...(await compileCacheSteps(join(directory, 'hublet.service'))));
    steps.push('systemctl daemon-reload');
  }
  return steps.join(' && ');
}

/** Lets the service share the compiled code that the saved state has of its modules, unless it has a place of its own for that. */
async function compileCacheSteps(unit: string): Promise<readonly string[]> {
  if ((await readFile(unit, 'utf8')).includes('NODE_COMPILE_CACHE')) return [];
  const dropIns = '/etc/systemd/system/hublet.service.d';
  return [
    `mkdir -p ${dropIns}`,
    `printf '[Service]\\nEnvironment=NODE_COMPILE_CACHE=${guestCompileCache}\\n' > ${dropIns}/machine.conf`,
  ];
}
