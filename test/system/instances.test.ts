import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConditionType } from '../../src/status/reasons.ts';
import type { Condition, ServerStatus } from '../../src/status/types.ts';
import { installHublet } from '../machine/hublet.ts';
import { expectUndisturbed, readIdentities } from '../machine/identities.ts';
import { boot, type Machine, waitFor } from '../machine/machine.ts';
import {
  awaitGone,
  awaitPhase,
  awaitStatus,
  conditionOf,
  dropSpecs,
  readHostStatus,
  removeSpecs,
  specText,
} from '../machine/servers.ts';

const sleeper = { user: 'alice', command: ['sleep', '100000'], environment: { WHOSE: 'first' } };
const others = { ...sleeper, command: ['sleep', '200000'], environment: { WHOSE: 'second' } };
const names = ['a', 'b', 'c'];
const second = { specs: '/etc/second', run: '/run/second', lock: '/run/second.lock' };

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await installHublet(machine, { start: true });
  await dropSpecs(machine, { a: sleeper, b: sleeper, c: sleeper });
  await awaitPhase(machine, names, 'Ready', 180_000);
});
afterAll(() => machine?.kill());

describe('two controllers on one host', () => {
  beforeAll(async () => {
    for (const name of ['a', 'b', 'own']) await dropSecond(name);
    await machine.run(
      `systemd-run --unit=second --setenv=HUBLET_LOCK=${second.lock} hublet run --system --desired-state ${second.specs} --state-dir /var/lib/second --runtime-dir ${second.run}`,
    );
  });

  it('with the same names: the second says whose they are and touches none of them', async () => {
    await expectUndisturbed(machine, async () => {
      for (const name of ['a', 'b']) {
        const { phase, conditions, invocationId, mainPid } = await awaitSecond(
          name,
          'a conflict',
          stalledBy('NameConflict'),
        );
        expect({ phase, invocationId, mainPid }).toEqual({ phase: 'Pending', invocationId: null, mainPid: null });
        expect(conditions.find(({ type }) => type === 'Stalled')?.message).toContain(`hublet-${name}.service`);
      }
      await awaitSecond('own', 'phase Ready', ({ phase }) => phase === 'Ready');
      // The port of the pages is the first one's; that keeps the second from nothing else.
      const host = JSON.parse(await machine.run(`cat ${second.run}/status.json`)) as {
        readonly conditions: readonly Condition[];
      };
      expect(conditionOf(host, 'HttpReady')).toMatchObject({ status: 'False', reason: 'AddressInUse' });
      expect(conditionOf(await readHostStatus(machine), 'HttpReady')?.status).toBe('True');
    });
  });

  it('with the same names: neither edits nor deletions of one reach the servers of the other', async () => {
    await expectUndisturbed(machine, async () => {
      await dropSecond('a', { suspend: true, resources: { memory: { limit: '32M' } } });
      await awaitSecond('a', 'its new generation', ({ observedGeneration }) => observedGeneration === 2);
      await machine.run(`rm ${second.specs}/b.yaml`);
      await waitFor(
        'b to be forgotten',
        async () => (await machine.exec(`test -e ${second.run}/status/b.json`)).code !== 0,
        90_000,
      );
      expect(await machine.run('systemctl show hublet-a -p MemoryMax')).toBe('MemoryMax=infinity\n');
      expect((await awaitPhase(machine, names, 'Ready')).length).toBe(3);
      // The first one's files are the first one's.
      expect((await machine.run('grep -l "WHOSE=\\"first\\"" /run/hublet/env/*.env')).trim().split('\n')).toHaveLength(
        3,
      );
    });
  });

  it('a name that becomes free is the other one’s, and then the first has to wait', async () => {
    await dropSecond('a');
    await awaitSecond('a', 'a conflict', stalledBy('NameConflict'));
    const before = await readIdentities(machine);
    await removeSpecs(machine, ['a']);
    const mine = await awaitSecond('a', 'phase Ready', ({ phase }) => phase === 'Ready');
    expect(mine.invocationId).not.toBe(before['hublet-a.service']?.invocationId);
    await dropSpecs(machine, { a: sleeper });
    await awaitStatus(machine, 'a', 'a conflict', stalledBy('NameConflict'));
    expect((await readIdentities(machine))['hublet-a.service']?.invocationId).toBe(mine.invocationId);
  });

  it('one that ends leaves its servers, and the other still leaves them alone', async () => {
    await expectUndisturbed(machine, async () => {
      await machine.run('systemctl stop second.service');
      await machine.run('systemctl restart hublet.service');
      await awaitStatus(machine, 'a', 'a conflict', stalledBy('NameConflict'));
      await awaitPhase(machine, ['b', 'c'], 'Ready');
    });
  });
});

describe('a unit that a person made under the name of a server', () => {
  it('is left alone, and the server starts once it is gone', async () => {
    await machine.run('systemd-run --unit=hublet-guest.service --property=CollectMode=inactive-or-failed sleep 100000');
    await expectUndisturbed(machine, async () => {
      await dropSpecs(machine, { guest: sleeper });
      await awaitStatus(machine, 'guest', 'a conflict', stalledBy('NameConflict'));
    });
    await machine.run('systemctl stop hublet-guest.service');
    await awaitPhase(machine, ['guest'], 'Ready');
    expect(await machine.run('systemctl show hublet-guest -p User')).toBe('User=alice\n');
    await removeSpecs(machine, ['guest']);
    await awaitGone(machine, ['guest']);
  });
});

async function dropSecond(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await machine.writeFile(`${second.specs}/${name}.yaml`, specText(name, { ...others, ...more }), 0o600);
}

async function awaitSecond(
  name: string,
  what: string,
  passes: (status: ServerStatus['status']) => boolean,
): Promise<ServerStatus['status']> {
  return waitFor(
    `second's ${name}: ${what}`,
    async (saw) => {
      const { status } = saw(JSON.parse(await machine.run(`cat ${second.run}/status/${name}.json`))) as ServerStatus;
      return passes(status) && status;
    },
    180_000,
  );
}

function stalledBy(reason: string): (status: ServerStatus['status']) => boolean {
  const type: ConditionType = 'Stalled';
  return (status) => conditionOf(status, type)?.reason === reason;
}
