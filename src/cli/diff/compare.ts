import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../config/types.ts';
import type { Admission } from '../../reconciler/admitter.ts';
import { positionOf } from '../../reconciler/plan.ts';
import type { ServerSpec } from '../../spec/types.ts';
import { readServerStatus } from '../../status/statusFile.ts';
import type { UnitState } from '../../systemd/port.ts';
import { serverEnvironment } from '../../units/environment.ts';
import type { Context } from '../context.ts';
import { errorCode } from '../errors.ts';
import { fileIdentity } from '../specFiles.ts';
import { type Difference, findDifferences } from './difference.ts';
import type { ServerDifference } from './report.ts';
import { variableDifferences } from './variables.ts';

export interface Comparison {
  readonly name: string;
  /** Of the file that asks for it. */
  readonly path: string;
  readonly spec: ServerSpec;
  readonly admission: Admission;
  readonly unit: UnitState | undefined;
  /** The plan's hash was made with the key of this installation. */
  readonly isHashComparable: boolean;
}

/** What the controller would do about one server that is asked for; undefined: nothing, or nothing that can be said, which is told of on standard error. */
export function compareServer(context: Context, config: Config, compared: Comparison): ServerDifference | undefined {
  const { name, path, spec, admission, unit, isHashComparable } = compared;
  const isUp = unit !== undefined && positionOf(unit) !== 'absent' && positionOf(unit) !== 'failed';
  const { suspend } = spec;
  const isSuspended =
    suspend !== undefined && (suspend.untilMs === undefined || context.clock.wallMs() < suspend.untilMs);
  if (isSuspended) return isUp ? { kind: 'stop', name, reason: 'it is suspended' } : undefined;
  const denial = findDenial(config, name, path);
  if (denial !== undefined) {
    context.warn(`${name}: nothing would be done, since its policy denies it: ${denial}`);
    return undefined;
  }
  if (admission.kind !== 'admitted') {
    context.warn(`${name}: can't be compared: ${admission.message}`);
    return undefined;
  }
  if (!isUp) return startOf(config, name);
  const marks = unit.marks;
  if (marks === null || marks === undefined) {
    context.warn(`${name}: the unit ${unit.name} is not hublet's, so nothing would be done`);
    return undefined;
  }
  const environment = compareEnvironment(admission);
  const { plan } = admission;
  const running = { properties: unit.live ?? {}, hash: marks.hash };
  const differences = findDifferences(plan, running, isHashComparable, environment);
  const isEnvironmentKnown = environment !== undefined || (isHashComparable && plan.hash === marks.hash);
  const notes = isEnvironmentKnown ? [] : ['environment: cannot be compared without root'];
  for (const note of notes) context.warn(`${name}: ${note}`);
  return differences.length === 0 ? undefined : { kind: 'changed', name, differences, notes };
}

/** Why the controller does not admit this very file, as it says in status; undefined: it does, or has not judged it yet. */
function findDenial(config: Config, name: string, path: string): string | undefined {
  const known = readServerStatus(config.runtimeDirectory, name);
  if (known === undefined || !isDeepStrictEqual(known.metadata.source, fileIdentity(path))) return undefined;
  return known.status.conditions.find(({ type, status }) => type === 'Admitted' && status === 'False')?.message;
}

/** A server that is down although it is asked for: started soon, or left down for a reason that status gives. */
function startOf(config: Config, name: string): ServerDifference | undefined {
  const phase = readServerStatus(config.runtimeDirectory, name)?.status.phase;
  switch (phase) {
    // It ended, and its restart policy leaves it at that.
    case 'Stopped':
    case 'Failed':
      return undefined;
    case 'BackOff':
      return { kind: 'start', name, reason: 'it waits before it is tried again' };
    default:
      return { kind: 'start', name, reason: '' };
  }
}

/** Undefined: the caller may not read the variables of the present run. */
function compareEnvironment(admission: Admission & { readonly kind: 'admitted' }): readonly Difference[] | undefined {
  const { plan, server } = admission;
  try {
    const text = readFileSync(plan.environmentFile.path, 'utf8');
    return variableDifferences(text, serverEnvironment(server), server.spec.environment);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOENT'].includes(errorCode(error) ?? '')) throw error;
    return undefined;
  }
}
