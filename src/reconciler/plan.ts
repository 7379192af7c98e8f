import type { ServerState, UnitPosition } from '../machines/server.machine.ts';
import type { UnitState } from '../systemd/port.ts';
import type { UnitPlan, UnitProperty } from '../units/types.ts';

/** One step towards the wish. Each may be done twice without harm. */
export type Action =
  | { readonly kind: 'start'; readonly plan: UnitPlan }
  | { readonly kind: 'stop' }
  /** Frees the name that a failed unit holds. */
  | { readonly kind: 'resetFailed' }
  | { readonly kind: 'setLimits'; readonly properties: readonly UnitProperty[] }
  | { readonly kind: 'removeEnvironment' }
  /** Nothing of the server is left: forget all that hublet itself kept of it. */
  | { readonly kind: 'forget' }
  /** The server is to run on without hublet: forget all but what its unit needs. */
  | { readonly kind: 'leave' };

/** What a plan is made from: the phase the server may be in, what is wished, and what is there. */
export interface PlanInput {
  readonly state: ServerState;
  readonly position: UnitPosition;
  readonly unit: UnitState | undefined;
  /** Undefined where the spec can't be compiled now: then nothing is started or changed. */
  readonly plan: UnitPlan | undefined;
  /** Live properties that differ from the plan's and may be set now. */
  readonly limits: readonly UnitProperty[];
  /** Our start was sent and no run answered it yet. */
  readonly isStartPending: boolean;
  /** Our stop was sent to this very run. */
  readonly isStopSent: boolean;
  readonly hasEnvironmentFile: boolean;
}

/** Where the unit is, for the statechart. An inactive or failed unit with a job is about to start, not ended. */
export function positionOf(unit: UnitState | undefined): UnitPosition {
  if (unit === undefined || !unit.loaded) return 'absent';
  switch (unit.activeState) {
    case 'active':
    case 'reloading':
    case 'refreshing':
    case 'maintenance':
      return 'active';
    case 'activating':
      return 'starting';
    case 'deactivating':
      return 'stopping';
    case 'failed':
      return unit.hasJob ? 'starting' : 'failed';
    case 'inactive':
      return unit.hasJob ? 'starting' : 'absent';
  }
}

/**
 * What to do now, in order. Pure: the same input gives the same actions, and once they have taken effect, none.
 *
 * When is the statechart's decision and comes as `state`; here is only what that state asks of the unit as it is.
 */
export function planActions(input: PlanInput): readonly Action[] {
  switch (input.state) {
    case 'starting':
      return planStart(input);
    case 'running':
    case 'ready':
      return input.position === 'active' && input.limits.length > 0
        ? [{ kind: 'setLimits', properties: input.limits }]
        : [];
    case 'updating':
    case 'stopping':
    case 'deleting':
      return planStop(input);
    case 'pending':
    case 'stopped':
    case 'backOff':
    case 'failed':
    case 'ended':
      return planDown(input);
    case 'deleted':
      // A failed unit is still loaded: what is left of the server goes after it.
      return input.position === 'failed' ? planDown(input) : [...planDown(input), { kind: 'forget' }];
    case 'left':
      return [{ kind: 'leave' }];
  }
}

function planStart({ position, plan, isStartPending }: PlanInput): readonly Action[] {
  if (plan === undefined || isStartPending) return [];
  if (position === 'failed') return [{ kind: 'resetFailed' }, { kind: 'start', plan }];
  return position === 'absent' ? [{ kind: 'start', plan }] : [];
}

/** A job that is there after our stop was sent is that stop; where it comes to nothing, another is sent. */
function planStop({ position, unit, isStopSent }: PlanInput): readonly Action[] {
  const isStopUnderWay = unit?.hasJob === true && (isStopSent || unit.stopRequestedBy === 'hublet');
  return (position === 'active' || position === 'starting') && !isStopUnderWay ? [{ kind: 'stop' }] : [];
}

function planDown({ position, unit, hasEnvironmentFile }: PlanInput): readonly Action[] {
  if (position === 'failed') return [{ kind: 'resetFailed' }];
  const isUnloaded = unit === undefined || !unit.loaded;
  return position === 'absent' && isUnloaded && hasEnvironmentFile ? [{ kind: 'removeEnvironment' }] : [];
}
