import { expect, test } from 'vitest';
import { livenessChecks, readinessChecks } from '../../src/controllerHealth.ts';
import { World } from '../fakes/world.ts';

/** What fails, by name. */
function failures(checks: ReturnType<typeof readinessChecks>): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(checks.map(({ name, check }) => [name, check()]).filter(([, why]) => why !== undefined));
}

const WELL = { isStarted: () => true, isLockIntact: () => true };

test('is ready where everything is there, with a lock and without one', () => {
  const ports = new World().loopPorts;
  expect(failures(readinessChecks(ports, WELL))).toEqual({});
  expect(failures(readinessChecks(ports, { ...WELL, isLockIntact: undefined }))).toEqual({});
});

test('is not ready without its lock, its first look, systemd or a source, and says each', () => {
  const world = new World();
  world.systemd.setConnected(false);
  const states = () => [
    { ...world.source.states()[0], path: '/a', isReady: false, message: 'does not exist' },
    { ...world.source.states()[0], path: '/b', isReady: false, message: 'cannot be read' },
  ];
  const ports = { ...world.loopPorts, source: { states } } as unknown as World['loopPorts'];
  expect(failures(readinessChecks(ports, { isStarted: () => false, isLockIntact: () => false }))).toEqual({
    lock: 'the lock file was removed: restart hublet',
    dbus: 'no connection to systemd',
    started: 'the first look at every server is not done',
    sources: '/a: does not exist; /b: cannot be read',
  });
});

test('is alive until work waits that nobody does', () => {
  expect(failures(livenessChecks({ stuckMs: () => 44_000 }))).toEqual({});
  expect(failures(livenessChecks({ stuckMs: () => 46_000 }))).toEqual({ loop: 'work waits and none is done' });
});
