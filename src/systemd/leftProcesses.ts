import type { UnitState } from './port.ts';

/**
 * A unit that systemd has given up while processes of it are still there, as one that is being stopped; any other as it is.
 *
 * After its last SIGKILL systemd waits TimeoutStopSec= once more and calls the unit failed, whatever is left of it: a
 * process that hangs in the kernel lives on, and a second run beside it could destroy what it writes.
 * @see systemd's src/core/service.c: "Processes still around after final SIGKILL. Entering failed mode."
 */
export function untilProcessesAreGone(
  state: UnitState | undefined,
  hasProcesses: (controlGroup: string) => boolean,
): UnitState | undefined {
  if (state === undefined || !state.loaded || state.hasJob || state.controlGroup === '') return state;
  const isGivenUp = state.activeState === 'failed' || state.activeState === 'inactive';
  return isGivenUp && hasProcesses(state.controlGroup) ? { ...state, activeState: 'deactivating' } : state;
}
