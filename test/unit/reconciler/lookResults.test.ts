import { beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemdError } from '../../../src/systemd/port.ts';
import { World } from '../../fakes/world.ts';

const SLEEP = { command: ['/bin/sleep', 'infinity'] };

describe('what a look is counted as', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('is a success where all is as it should be', async () => {
    await world.start();
    world.source.put('alice', SLEEP);
    await world.settle();
    expect(world.looks).toContain('success');
    expect(world.looks).not.toContain('error');
  });

  it.each([
    ['systemd does not do what it is asked', new SystemdError('Failed', 'out of memory')],
    ['the disk takes nothing', new Error('ENOSPC: no space left on device')],
  ])('is an error where %s, each time that it is tried again', async (_why, error) => {
    await world.start();
    const start = vi.spyOn(world.systemd, 'startTransientUnit').mockRejectedValue(error);
    world.source.put('alice', SLEEP);
    await world.pass(10_000);
    expect(world.looks.filter((result) => result === 'error').length).toBe(start.mock.calls.length);
    expect(start.mock.calls.length).toBeGreaterThan(1);

    start.mockRestore();
    await world.pass(60_000);
    expect(world.status('alice').phase).toBe('Ready');
    expect(world.looks.at(-1)).not.toBe('error');
  });
});
