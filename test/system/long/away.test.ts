import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installHublet, startHublet } from '../../machine/hublet.ts';
import { countRuns } from '../../machine/identities.ts';
import { boot, type Machine, waitFor } from '../../machine/machine.ts';
import { awaitPhase, dropSpecs, readEvents, readHostStatus, readStatuses, showUnit } from '../../machine/servers.ts';

const signs = '/srv/signs';
/** Runs until its sign is there, then does that. */
const until = (name: string, end: string) => ({
  user: 'alice',
  command: ['sh', '-c', `until [ -e ${signs}/${name} ]; do sleep 0.3; done; ${end}`],
});
const specs = {
  well: until('well', 'exit 0'),
  badly: until('badly', 'exit 7'),
  // Only in its first run, so that it is found running at the end.
  hungry: {
    ...until('hungry', `[ -e ${signs}/fed ] && exec sleep 100000; touch ${signs}/fed; exec tail /dev/zero`),
    resources: { memory: { limit: '24M' } },
  },
  'by-hand': { user: 'alice', command: ['sleep', '100000'] },
  bystander: { user: 'alice', command: ['sleep', '100000'] },
};
const names = Object.keys(specs);

let machine: Machine;

beforeAll(async () => {
  machine = await boot({ canReboot: true });
  await machine.run(`mkdir -p ${signs} && chmod 1777 ${signs}`);
  await installHublet(machine, {
    config: { apiVersion: 'hublet/v1', kind: 'Config', prune: { minCount: 100 } },
    start: true,
  });
  await dropSpecs(machine, specs);
  await awaitPhase(machine, names, 'Ready', 180_000);
});
afterAll(() => machine?.kill());

describe('ends that nobody saw, because the controller was away', () => {
  it('are each told for what they were', async () => {
    const { InvocationID } = await showUnit(machine, 'bystander', ['InvocationID']);
    await machine.run('systemctl stop hublet');
    await machine.run(`cd ${signs} && touch well badly hungry && systemctl stop hublet-by-hand.service`);
    await waitFor(
      'their ends',
      async (saw) => {
        const states = await machine.exec(`systemctl is-active ${names.map((name) => `hublet-${name}`).join(' ')}`);
        return (
          saw(states.stdout)
            .split('\n')
            .filter((state) => state === 'active').length === 1
        );
      },
      120_000,
      500,
    );
    await machine.run(`rm ${signs}/badly`);
    await startHublet(machine);

    await awaitPhase(machine, ['well', 'by-hand'], 'Stopped');
    await awaitPhase(machine, ['badly', 'hungry', 'bystander'], 'Ready');
    const statuses = await readStatuses(machine);
    const told = (name: string) => {
      const status = statuses.get(name)?.status;
      return [status?.lastExit?.result, status?.lastExit?.code, status?.lastExit?.status, status?.restarts];
    };
    // Of a clean end systemd writes no code into the journal.
    expect(told('well')).toEqual(['success', 'none', 0, 0]);
    expect(told('badly')).toEqual(['exit-code', 'exited', 7, 1]);
    expect(told('hungry')).toEqual(['oom-kill', 'killed', 9, 1]);
    expect(told('by-hand').slice(0, 1)).toEqual(['success']);
    expect(told('bystander')).toEqual([undefined, undefined, undefined, 0]);
    expect((await showUnit(machine, 'bystander', ['InvocationID'])).InvocationID).toBe(InvocationID);
    const reasons = await reasonsByServer();
    expect(reasons.get('well')).toContain('Exited');
    expect(reasons.get('badly')).toContain('Crashed');
    expect(reasons.get('hungry')).toContain('OOMKilled');
    for (const name of ['well', 'by-hand', 'bystander']) expect(reasons.get(name)).not.toContain('Crashed');
  });
});

describe('a host that was booted anew', () => {
  it('starts every server plainly: nothing has crashed, and nothing is counted', async () => {
    // The second run would be killed for memory again, and the first would end.
    await machine.run(`rm ${signs}/well && systemctl enable --quiet hublet.service && sync`);
    const before = await readHostStatus(machine);
    await machine.reboot();
    await waitFor(
      'the controller of this boot',
      async (saw) => saw(await readHostStatus(machine)).pid !== before.pid,
      300_000,
      500,
    );
    await awaitPhase(machine, names, 'Ready', 300_000);

    const statuses = await readStatuses(machine);
    expect(names.map((name) => [name, statuses.get(name)?.status.restarts])).toEqual(names.map((name) => [name, 0]));
    const reasons = await reasonsByServer();
    for (const name of names) {
      expect(reasons.get(name), name).toContain('Started');
      for (const wrong of ['Crashed', 'Exited', 'UnexpectedStop', 'OOMKilled', 'BackOff', 'Adopted', 'Orphaned']) {
        expect(reasons.get(name), name).not.toContain(wrong);
      }
      expect([name, await countRuns(machine, `hublet-${name}.service`)]).toEqual([name, 1]);
    }
  });
});

async function reasonsByServer(): Promise<ReadonlyMap<string, readonly string[]>> {
  const events = await readEvents(machine);
  return new Map(
    names.map((name) => [name, events.filter(({ server }) => server === name).map(({ reason }) => reason)]),
  );
}
