import type { Server } from '../admission/types.ts';
import { type EncodedEnvironment, encodedEnvironment } from './environment.ts';
import { unitHash } from './hash.ts';
import { isSentAtStart, liveProperties, processLimits } from './limits.ts';
import { buildMarks } from './marks.ts';
import { serverFileId } from './name.ts';
import { fileUrl } from './paths.ts';
import { poolSlice } from './pool.ts';
import { processProperties } from './process.ts';
import { property } from './property.ts';
import { accountProperties, sandboxProperties } from './sandbox.ts';
import type { UnitContext, UnitPlan, UnitProperty } from './types.ts';
import { ownProperties, withUnitProperties } from './unitProperties.ts';
import { needsPrivateUsers } from './userMode.ts';

/**
 * units/ turns a server into what systemd must be told, and compares that with what systemd says. It decides nothing and does no I/O.
 *
 * The plan of one server: the same server and context always give the same plan, and two plans with equal `hash` differ in nothing
 * that needs a restart.
 * @param environment the server's, where it has just been made
 * @throws {EnvironmentError} a variable that can't be given; `admit` has refused such a server before
 * @throws {TypeError} a unit property that can't be taken; likewise
 * @see org.freedesktop.systemd1(5), "StartTransientUnit"
 */
export function compileUnit(
  server: Server,
  context: UnitContext,
  environment: EncodedEnvironment = encodedEnvironment(server),
): UnitPlan {
  const { spec } = server;
  const path = `${context.environmentDirectory}/${serverFileId(spec.name)}.env`;
  const own = ownProperties(spec.unitProperties, context);
  const live = liveProperties(spec.resources, own.live);
  const planned = [
    // The name not last: a backslash at the end of a line would join it with the next where systemd stores the unit.
    property('Description', `${spec.name} (hublet server)`),
    ...(context.specPath === '' ? [] : [property('Documentation', [fileUrl(context.specPath)])]),
    property('Slice', poolSlice(spec.pool)),
    ...lifecycleProperties(server),
    ...processProperties(server, environment.variables.get('PATH') ?? '', path),
    ...accountProperties(server, context.isUserMode ?? false),
    ...sandboxProperties(spec.sandbox),
    ...processLimits(spec.resources),
    ...live.filter(isSentAtStart),
  ];
  const wanted = withUnitProperties(planned, own.fixed);
  const isNamespaced = context.isUserMode === true && needsPrivateUsers(wanted);
  const unmarked = isNamespaced ? [...wanted, property('PrivateUsers', true)] : wanted;
  const hash = unitHash(context.hashKey, unmarked, environment);
  const marks = buildMarks({ server: spec.name, instance: context.instanceId, hash });
  return {
    unit: server.unit,
    properties: [...unmarked, property('LogExtraFields', marks)],
    live,
    environmentFile: { path, text: environment.text },
    hash,
  };
}

/** hublet alone restarts and judges: systemd starts it once, stops it when told, and keeps a failed unit until its exit has been read. */
function lifecycleProperties({ spec }: Server): UnitProperty[] {
  return [
    property('Type', 'exec'),
    property('Restart', 'no'),
    property('StartLimitIntervalUSec', 0n),
    property('CollectMode', 'inactive'),
    property('KillMode', 'mixed'),
    property('OOMPolicy', 'continue'),
    property('TimeoutStartUSec', timeoutUsec(spec.startTimeoutMs)),
    property('TimeoutStopUSec', timeoutUsec(spec.terminationGracePeriodMs)),
    property('StandardOutput', 'journal'),
    property('StandardError', 'inherit'),
  ];
}

/** systemd takes a timeout of 0 as none at all, so the shortest is a microsecond. */
function timeoutUsec(timeoutMs: number): bigint {
  const usec = BigInt(Math.round(timeoutMs * 1000));
  return usec === 0n ? 1n : usec;
}
