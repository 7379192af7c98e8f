import { beforeEach, expect, it } from 'vitest';
import { World } from '../../fakes/world.ts';

const SLEEP = { command: ['/bin/sleep', '1'] };

let world: World;

beforeEach(() => {
  world = new World();
  world.source.put('alice', SLEEP);
});

/** Conditions of alice by type, as `True ReasonOfIt`. */
const conditions = () =>
  Object.fromEntries(world.status('alice').conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));

it('a server that is as its spec wants it says so in each of its conditions', async () => {
  await world.start();
  expect(conditions()).toEqual({
    Accepted: 'True Valid',
    Admitted: 'True WithinPolicy',
    Synced: 'True InSync',
    Ready: 'True NoProbes',
    UpdatePending: 'False UpToDate',
    Suspended: 'False NotSuspended',
  });
});

it('a suspension says whether it ends by itself', async () => {
  world.source.put('alice', { ...SLEEP, suspend: true });
  await world.start();
  expect(conditions()).toMatchObject({ Suspended: 'True BySpec', Ready: 'False NotRunning' });

  const until = new Date(world.clock.wallMs() + 60_000).toISOString();
  world.source.put('alice', { ...SLEEP, suspend: { until } });
  await world.settle();
  expect(conditions()).toMatchObject({ Suspended: 'True Until' });
  expect(world.status('alice').nextTransition).toMatchObject({ phase: 'Starting', reason: 'Until' });
});

it('a stop that takes ten seconds longer than its grace period is told of, until it is over', async () => {
  world.source.put('alice', { ...SLEEP, terminationGracePeriod: '5s' });
  await world.start();
  world.source.put('alice', { ...SLEEP, terminationGracePeriod: '5s', suspend: true });
  await world.loop.idle();
  for (const [seconds, told] of [
    [14, undefined],
    [2, 'True Unkillable'],
  ] as const) {
    world.clock.advance(seconds * 1000);
    await world.loop.idle();
    world.loop.lookAtAll();
    await world.loop.idle();
    expect(conditions().Stalled).toBe(told);
    expect(world.status('alice').phase).toBe('Stopping');
  }
  await world.settle();
  expect(conditions()).not.toHaveProperty('Stalled');
  expect(world.status('alice').phase).toBe('Stopped');
});

it('a file that says more than it should is taken with a warning, once', async () => {
  await world.start();
  world.source.change('alice', { generation: 2, warnings: ['everybody can read its environment'] });
  await world.settle();
  await world.pass(70_000);
  const told = world.events.filter(({ reason }) => reason === 'InsecureSpec');
  expect(told.map(({ message }) => message)).toEqual(['everybody can read its environment']);
  expect(world.condition('alice', 'Accepted')).toMatchObject({
    status: 'True',
    message: 'everybody can read its environment',
  });
});

it('a name that another source has is refused, and the refusal is in the status', async () => {
  await world.start();
  const refusal = { reason: 'DuplicateName', message: '/others/alice.yaml: /specs/alice.yaml has this name' } as const;
  world.source.change('alice', { refusal });
  await world.settle();
  expect(world.condition('alice', 'Accepted')).toMatchObject({ status: 'False', ...refusal });
  expect(world.status('alice').phase).toBe('Ready');
  expect(world.events.at(-1)).toMatchObject({ reason: 'SpecRejected', message: refusal.message });
});

it('a bus that goes is told of at once and once, and when it is back', async () => {
  await world.start();
  world.systemd.setConnected(false);
  world.systemd.setConnected(false);
  await world.pass(12_000);
  expect(conditions()).toMatchObject({ Synced: 'Unknown BusDisconnected', Ready: 'Unknown BusDisconnected' });
  world.systemd.setConnected(true);
  await world.settle();
  const told = world.events.map(({ reason }) => reason).filter((reason) => reason.startsWith('Bus'));
  expect(told).toEqual(['BusDisconnected', 'BusReconnected']);
  expect(conditions()).toMatchObject({ Synced: 'True InSync', Ready: 'True NoProbes' });
});
