import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unitName } from '../../src/units/name.ts';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

const grace = '  terminationGracePeriod: 500ms\n';

let host: ControllerHost;
let cgroup: string;

beforeEach(async () => {
  host = await ControllerHost.open();
  host.put('alice', spec('alice', grace));
  await host.start();
  await host.untilPhase('alice', 'Ready');
  host.fake.hangInKernel(unitName('alice'), true);
  cgroup = join(host.root, 'cgroup', host.status('alice')?.controlGroup ?? 'unknown');
  mkdirSync(cgroup, { recursive: true });
  writeFileSync(join(cgroup, 'cgroup.events'), 'populated 1\nfrozen 0\n');
});

afterEach(async () => {
  await host.close();
});

describe('a server whose processes outlive SIGKILL', () => {
  it('is Stopping, then Unkillable, though systemd calls it failed; and Stopped when they are gone', async () => {
    host.put('alice', spec('alice', `${grace}  suspend: true\n`));
    await givenUp();
    expect(host.status('alice')?.phase).toBe('Stopping');
    await host.until(() => host.condition('alice', 'Stalled')?.reason === 'Unkillable', 'told');
    expect(host.status('alice')?.phase).toBe('Stopping');

    endProcesses();
    await host.untilPhase('alice', 'Stopped');
    expect(host.condition('alice', 'Stalled')).toBeUndefined();
    expect(host.events('alice')).not.toContain('Crashed');
  });

  it('is not started beside them, by whomever it is wished', async () => {
    const first = host.invocation('alice');
    host.put('alice', spec('alice', `${grace}  suspend: true\n`));
    await givenUp();
    host.put('alice', spec('alice', grace));
    await host.until(() => host.condition('alice', 'Suspended')?.status === 'False', 'wished again');
    await host.pass(20_000);
    expect(host.fake.calls().StartTransientUnit).toBe(1);
    await host.stop();
    await host.start();
    await host.pass(5_000);
    expect([host.status('alice')?.phase, host.fake.calls().StartTransientUnit]).toEqual(['Stopping', 1]);

    endProcesses();
    await host.untilPhase('alice', 'Ready');
    expect(host.invocation('alice')).not.toBe(first);
  });

  it('is not forgotten before they are gone, though its file is', async () => {
    host.remove('alice');
    await givenUp();
    await host.pass(20_000);
    expect(host.status('alice')?.phase).toBe('Deleting');
    expect(host.condition('alice', 'Stalled')?.reason).toBe('Unkillable');
    expect(host.files('env')).toHaveLength(1);

    endProcesses();
    await host.until(() => host.status('alice') === undefined, 'gone');
    expect(host.unit('alice')).toBeUndefined();
    expect(host.files('env')).toEqual([]);
  });
});

function endProcesses(): void {
  host.fake.hangInKernel(unitName('alice'), false);
  rmSync(cgroup, { recursive: true });
}

/** Its grace period passes for systemd in real time. */
async function givenUp(): Promise<void> {
  while (host.unit('alice')?.activeState !== 'failed') await host.pass(20);
  await host.settle();
}
