import { SystemdError } from '../systemd/port.ts';
import type { Action } from './plan.ts';
import type { LoopPorts } from './ports.ts';

/** What became of an action. */
export type ActionOutcome =
  | { readonly kind: 'done' }
  /** systemd will never take it as it is: the spec must change. */
  | { readonly kind: 'refused'; readonly message: string }
  /** The world is not as the plan thought: look again, then plan anew. */
  | { readonly kind: 'stale' }
  /** Try again later. */
  | { readonly kind: 'failed'; readonly message: string };

/** The subset of actions that touch the unit or its files; to part with a server is the loop's own. */
export type UnitAction = Exclude<Action, { kind: 'forget' | 'leave' }>;

/** Whether the action is one on the unit. */
export function isUnitAction(action: Action): action is UnitAction {
  return action.kind !== 'forget' && action.kind !== 'leave';
}

/**
 * Carries out one action on a unit. Never throws: errors of the vendor become outcomes that say what to do next.
 *
 * A worker does not wait for the job here: systemd's signal enqueues the name.
 */
export async function perform(
  action: UnitAction,
  unit: string,
  envPath: string,
  ports: LoopPorts,
): Promise<ActionOutcome> {
  const outcome = await attempt(() => execute(action, unit, envPath, ports));
  ports.instruments.acted(action.kind, outcome.kind === 'done' ? 'success' : 'error');
  return outcome;
}

async function execute(action: UnitAction, unit: string, envPath: string, ports: LoopPorts): Promise<void> {
  const { systemd, runtime } = ports;
  switch (action.kind) {
    case 'start':
      // PID 1 reads the file at the start of the unit: it must be whole before systemd is asked.
      runtime.writeEnvironment(action.plan.environmentFile.path, action.plan.environmentFile.text);
      await systemd.startTransientUnit(unit, action.plan.properties);
      return;
    case 'stop':
      await systemd.stopUnit(unit);
      return;
    case 'resetFailed':
      await systemd.resetFailedUnit(unit);
      return;
    case 'setLimits':
      await systemd.setUnitProperties(unit, action.properties);
      await systemd.read(unit);
      return;
    case 'removeEnvironment':
      runtime.removeEnvironment(envPath);
      return;
  }
}

async function attempt(run: () => Promise<void>): Promise<ActionOutcome> {
  try {
    await run();
    return { kind: 'done' };
  } catch (error) {
    if (!(error instanceof SystemdError)) return { kind: 'failed', message: messageOf(error) };
    switch (error.code) {
      case 'InvalidProperty':
        return { kind: 'refused', message: error.message };
      case 'UnitExists':
      case 'NoSuchUnit':
      case 'UnknownOutcome':
        return { kind: 'stale' };
      case 'Disconnected':
      case 'AccessDenied':
      case 'Failed':
        return { kind: 'failed', message: error.message };
    }
  }
}

/** The message of whatever was thrown; for file errors Node's text already names the path. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
