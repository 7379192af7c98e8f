import { beforeEach, describe, expect, it } from 'vitest';
import { unitName } from '../../../src/units/name.ts';
import { World } from '../../fakes/world.ts';

const ALICE = unitName('alice');
const ORPHAN = { command: ['sleep', 'infinity'], deletionPolicy: 'Orphan' };

let world: World;

beforeEach(() => {
  world = new World();
});

const reasons = (name: string) => world.events.filter(({ server }) => server === name).map(({ reason }) => reason);
const runOf = () => world.systemd.unit(ALICE)?.invocationId;

async function lose(): Promise<void> {
  world.source.remove('alice');
  await world.settle();
}

describe('deletionPolicy: Orphan', () => {
  it('lets the unit run when its file goes, and forgets the server', async () => {
    world.source.put('alice', ORPHAN);
    await world.start();
    const run = runOf();
    const port = world.ports.get('alice');
    await lose();
    expect(runOf()).toBe(run);
    expect(world.systemd.unit(ALICE)?.activeState).toBe('active');
    expect(world.statuses.has('alice')).toBe(false);
    expect(world.memories.has('alice')).toBe(false);
    expect(world.loop.entries.has('alice')).toBe(false);
    expect(world.source.names()).toEqual([]);
    expect(reasons('alice')).toContain('Orphaned');
    // What the unit needs stays.
    expect(world.environments.size).toBe(1);
    expect(world.ports.get('alice')).toBe(port);
    await world.pass(200_000);
    expect(runOf()).toBe(run);
    expect(reasons('alice').filter((reason) => reason === 'Orphaned')).toHaveLength(1);
  });

  it('is remembered by every later controller', async () => {
    world.source.put('alice', ORPHAN);
    await world.start();
    await lose();
    const run = runOf();
    for (let start = 0; start < 2; start++) {
      await world.kill();
      await world.start();
      await world.pass(130_000);
    }
    expect(runOf()).toBe(run);
    expect(world.environments.size).toBe(1);
    expect(world.statuses.has('alice')).toBe(false);
    expect(reasons('alice').filter((reason) => reason === 'Orphaned')).toHaveLength(1);
  });

  it('counts also where the file went while no controller ran', async () => {
    world.source.put('alice', ORPHAN);
    await world.start();
    await world.kill();
    world.source.remove('alice');
    await world.start();
    await world.pass(70_000);
    expect(world.systemd.unit(ALICE)?.activeState).toBe('active');
    expect([...world.released]).toEqual(['alice']);
  });

  it('keeps its port from all others until its unit ends', async () => {
    world.source.put('alice', { ...ORPHAN, port: 20_500 });
    await world.start();
    await lose();
    world.source.put('bob', { command: ['sleep', '1'], port: 20_500 });
    await world.settle();
    expect(world.condition('bob', 'Accepted')).toMatchObject({ status: 'False', reason: 'PortConflict' });
    world.systemd.exit(ALICE, { code: 0 });
    await world.pass(11_000);
    expect(world.status('bob').address?.port).toBe(20_500);
  });

  it.each([
    ['well', { code: 0 }],
    ['badly, and stays loaded for it', { code: 3 }],
  ])('clears up once its unit has ended %s', async (_how, exit) => {
    world.source.put('alice', ORPHAN);
    await world.start();
    await lose();
    world.systemd.exit(ALICE, exit);
    await world.settle();
    expect(world.systemd.unit(ALICE)).toBeUndefined();
    expect(world.environments.size + world.ports.size + world.released.size).toBe(0);
    expect(reasons('alice').at(-1)).toBe('Deleted');
    expect(world.systemd.started).toHaveLength(1);
  });

  it('clears up where its unit ended while no controller ran', async () => {
    world.source.put('alice', ORPHAN);
    await world.start();
    await lose();
    await world.kill();
    world.systemd.units.delete(ALICE);
    await world.start();
    expect(world.environments.size + world.ports.size + world.released.size).toBe(0);
  });

  it('is taken back, as it runs, by a file of its name', async () => {
    world.source.put('alice', ORPHAN);
    await world.start();
    const run = runOf();
    await lose();
    world.source.put('alice', ORPHAN);
    await world.settle();
    expect(runOf()).toBe(run);
    expect(world.released.size).toBe(0);
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', invocationId: run });
    expect(world.condition('alice', 'UpdatePending')?.status).toBe('False');
    expect(reasons('alice').filter((reason) => reason === 'Adopted')).toHaveLength(1);
    // And stopped, where that file says so.
    world.source.put('alice', { command: ['sleep', 'infinity'] });
    await world.settle();
    await lose();
    expect(world.systemd.unit(ALICE)).toBeUndefined();
    expect(world.environments.size + world.ports.size).toBe(0);
  });

  it('runs on where the file that came back is no good, and where that goes again', async () => {
    world.source.put('alice', ORPHAN);
    await world.start();
    const run = runOf();
    await lose();
    world.source.put('alice', { command: 7 });
    await world.settle();
    expect(world.condition('alice', 'Accepted')?.status).toBe('False');
    expect(runOf()).toBe(run);
    await lose();
    expect(runOf()).toBe(run);
    expect([...world.released]).toEqual(['alice']);
  });

  it('deletes what is not up as any other', async () => {
    world.source.put('alice', { ...ORPHAN, suspend: true });
    await world.start();
    await lose();
    expect(reasons('alice').at(-1)).toBe('Deleted');
    expect(world.ports.size + world.released.size).toBe(0);
  });

  it('waits for a start that is on its way', async () => {
    await world.start();
    world.source.put('alice', ORPHAN);
    await world.loop.idle();
    world.source.remove('alice');
    await world.settle();
    expect(world.systemd.unit(ALICE)?.activeState).toBe('active');
    expect([...world.released]).toEqual(['alice']);
    expect(world.environments.size).toBe(1);
  });

  it('parts with nothing that it could not write down', async () => {
    world.source.put('alice', ORPHAN);
    await world.start();
    world.fullDisk = 'no space left on device';
    await lose();
    expect(world.systemd.unit(ALICE)?.activeState).toBe('active');
    expect(world.loop.entries.has('alice')).toBe(true);
    world.fullDisk = undefined;
    await world.pass(10_000);
    expect([...world.released]).toEqual(['alice']);
    expect(world.systemd.unit(ALICE)?.activeState).toBe('active');
  });

  it('carries on where a controller was killed while it parted with it', async () => {
    world.source.put('alice', ORPHAN);
    await world.start();
    await world.kill();
    world.released.add('alice');
    world.source.remove('alice');
    await world.start();
    expect(world.statuses.has('alice')).toBe(false);
    expect(world.source.names()).toEqual([]);
    expect(world.systemd.unit(ALICE)?.activeState).toBe('active');
  });
});
