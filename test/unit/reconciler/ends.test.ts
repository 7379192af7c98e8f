import { describe, expect, it } from 'vitest';
import { World } from '../../fakes/world.ts';

const SLEEP = { command: ['/bin/sleep', 'infinity'] };
const ALICE = 'hublet-alice.service';

/** A controller that finds its server's run gone. */
async function endedUnseen(failures: number, policy = 'OnFailure'): Promise<World> {
  const world = new World();
  world.source.put('alice', { ...SLEEP, restartPolicy: policy });
  await world.start();
  await world.kill();
  world.systemd.units.clear();
  world.journal = { result: 'success' };
  world.journalFailures = failures;
  await world.start();
  return world;
}

describe('a run that ended while nobody watched', () => {
  it('is judged by a journal that can be read only after a while: an end of its own stays one', async () => {
    const world = await endedUnseen(5);
    expect(world.systemd.started).toHaveLength(1);

    await world.pass(20_000);

    expect(world.status('alice')).toMatchObject({ phase: 'Stopped', restarts: 0, lastExit: { result: 'success' } });
    expect(world.systemd.started).toHaveLength(1);
  });

  it('counts as failed where the journal stays unreadable: a crash is not to be taken for a clean end', async () => {
    const world = await endedUnseen(Number.POSITIVE_INFINITY);

    await world.pass(40_000);

    expect(world.status('alice')).toMatchObject({ phase: 'Ready', restarts: 1, lastExit: { result: 'unknown' } });
    expect(world.status('alice').lastExit?.message).toMatch(/could not be read$/);
    expect(world.systemd.started).toHaveLength(2);
  });

  it('stays down for good by its policy also then', async () => {
    const world = await endedUnseen(Number.POSITIVE_INFINITY, 'Never');

    await world.pass(40_000);

    expect(world.status('alice').phase).toBe('Failed');
    expect(world.systemd.started).toHaveLength(1);
  });
});

describe('a run whose end was seen', () => {
  it.each([
    ['exit 0', 0, 'Stopped', 0],
    ['exit 3', 3, 'Ready', 1],
  ])(
    'with %s is judged by systemd alone, at once, where the journal can not be read',
    async (_what, status, phase, restarts) => {
      const world = new World();
      world.source.put('alice', SLEEP);
      await world.start();
      world.journalFailures = Number.POSITIVE_INFINITY;

      world.systemd.exit(ALICE, { code: status });
      await world.settle();

      expect(world.status('alice')).toMatchObject({ phase, restarts });
    },
  );

  it('that its commands after the end took too long for is a failure, whatever its exit code', async () => {
    const world = new World();
    world.source.put('alice', SLEEP);
    await world.start();
    world.journal = { result: 'timeout' };

    world.systemd.put(ALICE, { activeState: 'failed', mainPid: 0, result: 'timeout', execMainCode: 1 });
    await world.settle();

    expect(world.status('alice')).toMatchObject({ phase: 'Ready', restarts: 1, lastExit: { result: 'timeout' } });
    expect(world.status('alice').lastExit?.message).toMatch(/^did not start or stop within its time/);
  });
});
