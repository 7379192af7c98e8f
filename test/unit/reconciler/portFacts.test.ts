import { beforeEach, describe, expect, it } from 'vitest';
import { World } from '../../fakes/world.ts';

const SLEEP = { command: ['/bin/sleep', 'infinity'] };

let world: World;

beforeEach(() => {
  world = new World();
});

const messages = (reason: string) =>
  world.events.filter((event) => event.reason === reason).map(({ message }) => message);

describe('an automatic port that somebody else listens on', () => {
  it('is left for another one before the server starts again, and the move is told', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const before = world.ports.get('alice') ?? 0;

    world.source.put('alice', { ...SLEEP, suspend: true });
    await world.pass(2_000);
    world.listeners.set(before, [1002]);
    await world.pass(61_000);
    expect(world.ports.get('alice')).toBe(before);
    world.source.put('alice', SLEEP);
    await world.pass(2_000);

    const after = world.ports.get('alice') ?? 0;
    expect(after).not.toBe(before);
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', address: { port: after } });
    expect(messages('PortMoved')).toEqual([
      `port ${before} is held by a socket of uid 1002; it starts with port ${after} instead`,
    ]);
    expect(world.systemd.started).toHaveLength(2);
  });

  it('never moves a running server, nor one that another controller finds running', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const before = world.ports.get('alice') ?? 0;
    world.listeners.set(before, [1000]);
    await world.pass(61_000);
    await world.kill();

    await world.start();
    await world.pass(61_000);

    expect(world.ports.get('alice')).toBe(before);
    expect(world.condition('alice', 'UpdatePending')?.status).toBe('False');
    expect(messages('PortMoved')).toEqual([]);
  });
});

describe('a port of the spec that somebody else listens on', () => {
  it('keeps the server Pending and names the holder, until it is free', async () => {
    world.listeners.set(8888, [1002]);
    world.source.put('alice', { ...SLEEP, port: 8888 });
    await world.start();
    expect(world.status('alice').phase).toBe('Pending');
    expect(world.condition('alice', 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PortTaken',
      message: 'port 8888 is held by a socket of uid 1002; it starts once the port is free, or with another spec.port',
    });

    world.listeners.clear();
    await world.pass(6_000);

    expect(world.status('alice').phase).toBe('Ready');
    expect(messages('PortMoved')).toEqual([]);
  });

  it('never stops a server that runs', async () => {
    world.source.put('alice', { ...SLEEP, port: 8888 });
    await world.start();
    const before = world.status('alice').invocationId;

    world.listeners.set(8888, [1000, 1002]);
    await world.pass(61_000);

    expect(world.status('alice')).toMatchObject({ phase: 'Ready', invocationId: before });
  });
});
