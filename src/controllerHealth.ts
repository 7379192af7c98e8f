/** What `/healthz` and `/readyz` ask: whether the controller must be restarted, and whether it can do its work. */
import type { HealthCheck } from './metrics/health.ts';
import type { ReconcileLoop } from './reconciler/loop.ts';
import type { LoopPorts } from './reconciler/ports.ts';

/** Work that has waited this long without any being done means that the loop hangs. */
const STUCK_MS = 45_000;

/** Whether the loop turns and its work moves: what the watchdog asks too. */
export function isLoopAlive(loop: Pick<ReconcileLoop, 'stuckMs'>): boolean {
  return loop.stuckMs() < STUCK_MS;
}

export function livenessChecks(loop: Pick<ReconcileLoop, 'stuckMs'>): readonly HealthCheck[] {
  return [{ name: 'loop', check: () => (isLoopAlive(loop) ? undefined : 'work waits and none is done') }];
}

/** @param facts `isLockIntact`: absent where there is no lock, as in user mode's tests and dry runs */
export function readinessChecks(
  { systemd, source }: Pick<LoopPorts, 'systemd' | 'source'>,
  facts: { readonly isStarted: () => boolean; readonly isLockIntact: (() => boolean) | undefined },
): readonly HealthCheck[] {
  const { isStarted, isLockIntact } = facts;
  return [
    {
      name: 'lock',
      check: () => (isLockIntact?.() === false ? 'the lock file was removed: restart hublet' : undefined),
    },
    { name: 'dbus', check: () => (systemd.isConnected() ? undefined : 'no connection to systemd') },
    { name: 'started', check: () => (isStarted() ? undefined : 'the first look at every server is not done') },
    {
      name: 'sources',
      check() {
        const lost = source.states().filter((state) => !state.isReady);
        return lost.length === 0 ? undefined : lost.map(({ path, message }) => `${path}: ${message}`).join('; ');
      },
    },
  ];
}
