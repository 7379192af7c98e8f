import { beforeEach, describe, expect, it } from 'vitest';
import type { EventReason } from '../../../src/status/reasons.ts';
import { World } from '../../fakes/world.ts';

const ALICE = 'hublet-alice.service';
const SLEEP = { command: ['/bin/sleep', '1'] };

let world: World;

beforeEach(() => {
  world = new World();
  world.source.put('alice', SLEEP);
});

const reasons = () => world.events.map(({ reason }) => reason);
const since = (reason: EventReason) => reasons().slice(reasons().lastIndexOf(reason));

it('a start is told from the wish to the first readiness, in order', async () => {
  await world.start();
  expect(reasons()).toEqual(['SpecAccepted', 'Starting', 'Started', 'Ready']);
});

it('a suspension is told when it begins and when it ends, once each and by no later controller', async () => {
  await world.start();
  world.source.put('alice', { ...SLEEP, suspend: { reason: 'exam' } });
  await world.settle();
  await world.kill();
  await world.start();
  world.source.put('alice', SLEEP);
  await world.settle();

  const told = world.events.filter(({ reason }) => reason === 'Suspended' || reason === 'Resumed');
  expect(told.map(({ reason, message }) => [reason, message])).toEqual([
    ['Suspended', 'exam'],
    ['Resumed', 'it is kept down no longer'],
  ]);
});

it('a suspension that ends by its time is told too', async () => {
  world.source.put('alice', { ...SLEEP, suspend: { until: new Date(world.clock.wallMs() + 60_000).toISOString() } });
  await world.start();
  expect(reasons()).toContain('Suspended');
  await world.pass(70_000);
  expect(since('Resumed').slice(0, 1)).toEqual(['Resumed']);
  expect(world.status('alice').phase).toBe('Ready');
});

it('a unit of its name that is somebody else’s is told of once', async () => {
  world.systemd.put(ALICE, { activeState: 'active', invocationId: 'f'.repeat(32), marks: null });
  await world.start();
  await world.pass(70_000);

  const told = world.events.filter(({ reason }) => reason === 'NameConflict');
  expect(told).toHaveLength(1);
  expect(told[0]?.message).toContain(`a unit named ${ALICE} exists that this hublet did not make`);
});

describe('a deletion', () => {
  it('whose file comes back is told as cancelled', async () => {
    await world.start();
    world.source.remove('alice');
    await world.loop.idle();
    expect(world.status('alice').phase).toBe('Deleting');
    world.source.change('alice', { isDeleted: false });
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');

    expect(since('DeletionCancelled')[0]).toBe('DeletionCancelled');
  });
});

it('a spec that is not looked at yet is none that its status answers for', async () => {
  await world.start();
  const spec = world.source.record('alice')?.spec;
  const denial = { condition: 'Admitted', reason: 'PolicyDenied', message: 'looking up', isUndecided: true } as const;
  world.source.change('alice', { generation: 2, denial, spec });
  await world.settle();

  expect(world.condition('alice', 'Ready')).toMatchObject({ status: 'Unknown', reason: 'Unobserved' });
  expect(world.condition('alice', 'Ready')?.observedGeneration).toBe(1);
  world.source.put('alice', SLEEP);
  await world.settle();
  expect(world.condition('alice', 'Ready')?.status).toBe('True');
});
