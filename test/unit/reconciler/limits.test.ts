import { beforeEach, describe, expect, it } from 'vitest';
import { World } from '../../fakes/world.ts';

const ALICE = 'hublet-alice.service';
const MINUTE = 60_000;
const SLEEP = { command: ['/bin/sleep', '1'], port: 'none' };
const OVERRIDE = '/etc/systemd/system/hublet-alice.service.d/override.conf';

let world: World;

beforeEach(async () => {
  world = new World();
  world.source.put('alice', { ...SLEEP, resources: { tasks: 20 } });
  await world.start();
});

/** Somebody else changes the running unit; the kernel's file tells, at the next resync. */
async function meddle(value: bigint, name = 'TasksMax'): Promise<void> {
  await world.systemd.setUnitProperties(ALICE, [{ name, signature: 't', value }]);
  await world.systemd.read(ALICE);
}

const corrections = () => world.events.filter(({ reason }) => reason === 'DriftCorrected');
const stalled = () => world.condition('alice', 'Stalled');

describe('a limit that somebody keeps changing', () => {
  it('is set back twice at once, and from the third time on every five minutes, until they leave it alone', async () => {
    for (let time = 1; time <= 3; time++) {
      expect(stalled()).toBeUndefined();
      await meddle(99n);
      await world.pass(67_000);
      expect(world.status('alice').applied.tasksMax).toBe(20);
    }
    expect(stalled()).toMatchObject({ status: 'True', reason: 'DriftFlapping' });
    expect(stalled()?.message).toContain('somebody keeps changing TasksMax on the running unit');
    expect(corrections().at(-1)?.message).toContain('TasksMax keeps being changed and is set back every 5 min');
    expect(world.status('alice').phase).toBe('Ready');

    await meddle(98n);
    await world.pass(3 * MINUTE);
    expect(world.status('alice').applied.tasksMax).toBe(98);
    expect(world.condition('alice', 'Synced')).toMatchObject({ status: 'False', reason: 'Drifted' });
    await world.pass(3 * MINUTE);
    expect(world.status('alice').applied.tasksMax).toBe(20);
    expect(corrections()).toHaveLength(4);

    await world.pass(7 * MINUTE);
    expect(stalled()?.reason).toBe('DriftFlapping');
    await world.pass(4 * MINUTE);
    expect(stalled()).toBeUndefined();
    await meddle(97n);
    await world.pass(67_000);
    expect(world.status('alice').applied.tasksMax).toBe(20);
  });

  it('is no fight about another one, nor about what the spec says anew', async () => {
    for (let time = 1; time <= 4; time++) {
      await meddle(99n);
      await world.pass(67_000);
    }
    expect(world.status('alice').applied.tasksMax).toBe(99);

    world.source.put('alice', { ...SLEEP, resources: { tasks: 21, cpu: { weight: 50 } } });
    await world.settle();

    expect(world.status('alice').applied).toMatchObject({ tasksMax: 21, cpuWeight: 50 });
  });
});

describe('a limit that a drop-in sets', () => {
  it('is left to it and told of, whatever the spec says, until the drop-in is gone', async () => {
    world.systemd.dropIns.set(ALICE, new Map([['TasksMax', OVERRIDE]]));
    await meddle(99n);
    await world.pass(2 * MINUTE);

    expect(world.status('alice').applied.tasksMax).toBe(99);
    expect(world.condition('alice', 'Synced')).toMatchObject({
      status: 'False',
      reason: 'Drifted',
      message: `differs from the spec: TasksMax (set by ${OVERRIDE}, which is left as it is)`,
    });
    world.source.put('alice', { ...SLEEP, resources: { tasks: 30, cpu: { weight: 50 } } });
    await world.settle();
    expect(world.status('alice').applied).toMatchObject({ tasksMax: 99, cpuWeight: 50 });
    expect(corrections()).toEqual([]);

    world.systemd.dropIns.clear();
    await world.pass(67_000);
    expect(world.status('alice').applied.tasksMax).toBe(30);
    expect(world.condition('alice', 'Synced')?.status).toBe('True');
  });

  it('is asked for only where somebody else may have changed something', async () => {
    world.systemd.calls.length = 0;
    world.source.put('alice', { ...SLEEP, resources: { tasks: 30 } });
    await world.settle();
    expect(world.systemd.calls).toContain('SetUnitProperties');
    expect(world.systemd.calls).not.toContain('AdminSettings');
  });
});

describe('a limit that only the kernel tells of', () => {
  const group = () => world.systemd.unit('hublet-bob.service')?.controlGroup ?? '';
  const reads = () => world.systemd.calls.filter((call) => call === 'GetAll').length;

  beforeEach(async () => {
    world = new World();
    world.source.put('bob', SLEEP);
    await world.start();
  });

  it('is asked for at the next resync where its file has changed, and at no other', async () => {
    world.limitFiles.set(group(), 'cpu.weight\n100\n');
    await world.pass(2 * MINUTE);
    const before = reads();
    await world.pass(3 * MINUTE);
    expect(reads()).toBe(before);

    world.limitFiles.set(group(), 'cpu.weight\n7\n');
    await world.pass(67_000);
    expect(reads()).toBe(before + 1);
    await world.pass(3 * MINUTE);
    expect(reads()).toBe(before + 1);
  });

  it('is asked for once where nobody knows what it was when systemd last answered', async () => {
    await world.kill();
    world.limitFiles.set(group(), 'cpu.weight\n7\n');
    await world.start();
    const before = reads();
    await world.pass(5 * MINUTE);
    expect(reads() - before).toBeLessThanOrEqual(1);
  });
});
