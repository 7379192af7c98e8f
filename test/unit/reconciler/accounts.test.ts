import { beforeEach, describe, expect, it } from 'vitest';
import { World } from '../../fakes/world.ts';

const SLEEP = { command: ['/bin/sleep', 'infinity'] };

let world: World;

beforeEach(() => {
  world = new World();
});

describe('an account that is not there', () => {
  it('stalls its server at once, by name, and starts it a second after a local account was made', async () => {
    world.source.put('dora', SLEEP);
    await world.start();
    expect(world.condition('dora', 'Stalled')).toMatchObject({
      status: 'True',
      reason: 'UserNotFound',
      message: 'no account named dora on this host; it starts by itself once there is one',
    });
    expect(world.status('dora').phase).toBe('Pending');

    world.addAccount('dora', 1009);
    world.localVersion = 'changed';
    await world.pass(2_000);

    expect(world.status('dora').phase).toBe('Ready');
    expect(world.condition('dora', 'Stalled')).toBeUndefined();
  });

  it('is asked for again after a minute where no local file tells of it', async () => {
    world.source.put('dora', SLEEP);
    await world.start();

    world.addAccount('dora', 1009);
    await world.pass(61_000);

    expect(world.status('dora').phase).toBe('Ready');
  });

  it('is named by its number where the spec does so', async () => {
    world.source.put('alice', { ...SLEEP, user: '4711' });
    await world.start();

    expect(world.condition('alice', 'Stalled')?.message).toMatch(/^no account with uid 4711 on this host/);
  });

  it('leaves a server running that had it before, also when a new run is asked for', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const before = world.status('alice').invocationId;

    world.accounts.delete('alice');
    await world.pass(61_000);
    world.source.put('alice', SLEEP, { 'hublet/restartedAt': '1' });
    await world.pass(61_000);

    expect(world.status('alice')).toMatchObject({ phase: 'Ready', invocationId: before });
    expect(world.condition('alice', 'Stalled')?.reason).toBe('UserNotFound');

    world.addAccount('alice', 1000);
    await world.pass(61_000);
    expect(world.status('alice').phase).toBe('Ready');
    expect(world.status('alice').invocationId).not.toBe(before);
  });

  it('leaves a server running that another controller finds, too', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const before = world.status('alice').invocationId;
    await world.kill();
    world.accounts.delete('alice');

    await world.start();
    await world.pass(130_000);

    expect(world.status('alice')).toMatchObject({ phase: 'Ready', invocationId: before });
  });
});

describe('a directory that does not answer', () => {
  it('keeps nobody down who was known, whatever else the spec changes', async () => {
    world.source.put('alice', SLEEP);
    await world.start();

    world.accounts.set('alice', { kind: 'unknown', message: 'no answer within 5 s' });
    world.source.put('alice', { ...SLEEP, resources: { tasks: 7 } });
    await world.pass(10_000);

    expect(world.status('alice').phase).toBe('Ready');
    expect(world.status('alice').applied.tasksMax).toBe(7);
  });

  it('keeps a new server waiting, and says whom it waits for', async () => {
    world.accounts.set('alice', { kind: 'unknown', message: 'no answer within 5 s' });
    world.source.put('alice', SLEEP);
    await world.start();
    expect(world.condition('alice', 'Ready')?.message).toBe(
      'the account alice could not be looked up: no answer within 5 s',
    );

    world.addAccount('alice', 1000);
    await world.pass(6_000);

    expect(world.status('alice').phase).toBe('Ready');
  });
});
