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

describe('groups', () => {
  it('are looked up by name or number, and given as their names', async () => {
    world.groups.set('lab', { kind: 'found', entry: { name: 'lab', gid: 5000 } });
    world.groups.set('44', { kind: 'found', entry: { name: 'video', gid: 44 } });
    world.source.put('alice', { ...SLEEP, group: 'lab', supplementaryGroups: ['44'], environment: { G: '{GID}' } });
    await world.start();

    expect(property('Group')).toBe('lab');
    expect(property('SupplementaryGroups')).toEqual(['video']);
    expect([...world.environments.values()][0]).toContain('G="5000"');
  });

  it('that are missing are all told together with their fields', async () => {
    world.source.put('alice', { ...SLEEP, group: '4711', supplementaryGroups: ['lab'] });
    await world.start();

    expect(world.condition('alice', 'Stalled')).toMatchObject({
      reason: 'UserNotFound',
      message:
        'no group with gid 4711 (spec.group) and no group named lab (spec.supplementaryGroups[0]) on this host; it starts by itself once there is one',
    });
  });
});

describe('a dynamic user', () => {
  const DYNAMIC = { ...SLEEP, dynamicUser: true };

  it('is named after its server', async () => {
    world.source.put('dora', DYNAMIC);
    await world.start();

    expect(world.status('dora')).toMatchObject({ phase: 'Ready', user: 'hublet-dora' });
    expect(property('User')).toBe('hublet-dora');
  });

  it('never has the name of an account or a group', async () => {
    world.addAccount('hublet-dora', 2000);
    world.groups.set('hublet-emil', { kind: 'found', entry: { name: 'hublet-emil', gid: 2000 } });
    world.source.put('dora', DYNAMIC);
    world.source.put('emil', DYNAMIC);
    await world.start();

    expect(world.status('dora').user).toMatch(/^hublet_[0-9a-f]{24}$/);
    expect(world.status('emil').user).toMatch(/^hublet_[0-9a-f]{24}$/);
  });

  it('keeps its name while NSS shows it, running', async () => {
    world.source.put('dora', DYNAMIC);
    await world.start();

    world.addAccount('hublet-dora', 61_500);
    await world.pass(61_000);

    expect(world.status('dora').user).toBe('hublet-dora');
    expect(world.condition('dora', 'UpdatePending')?.status).toBe('False');
  });

  it('is probed as whoever its main process runs as', async () => {
    world.source.put('dora', { ...DYNAMIC, probes: { readiness: { tcp: {} } } });
    await world.start();

    expect(world.probed.get('dora')?.owner).toEqual({ kind: 'process', pid: world.status('dora').mainPid });
  });
});

/** Of the unit started last. */
function property(name: string): unknown {
  return world.systemd.started.at(-1)?.properties.find((one) => one.name === name)?.value;
}
