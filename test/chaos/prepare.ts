import { installHublet } from '../machine/hublet.ts';
import type { Machine } from '../machine/machine.ts';
import { SOURCE_PATHS } from './script.ts';

const config = {
  apiVersion: 'hublet/v1',
  kind: 'Config',
  sources: [{ path: SOURCE_PATHS.plain }, { path: SOURCE_PATHS.mounted }],
  pools: { lab: { memory: { limit: '1G' } } },
};

/** Root that may read only what root may: so that a directory can be unreadable for hublet. */
const withoutOverride = '[Service]\nCapabilityBoundingSet=~CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH\n';

/** Makes a machine ready for chaos: small disks of hublet's own, a source that is a mount, and hublet on it, started. */
export async function prepareMachine(machine: Machine): Promise<void> {
  await machine.run(`set -e
for store in /run/hublet=755 /var/lib/hublet=700; do
  mkdir -p \${store%=*}; mount -t tmpfs -o size=4m,mode=\${store#*=} tmpfs \${store%=*}
done
mkdir -p /srv/backing ${SOURCE_PATHS.mounted}
mount --bind /srv/backing ${SOURCE_PATHS.mounted}`);
  await machine.writeFile('/etc/systemd/system/hublet.service.d/capabilities.conf', withoutOverride);
  await installHublet(machine, { config, start: true });
}
