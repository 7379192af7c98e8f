import type { Server } from '../admission/types.ts';
import type { SpecRecord } from '../source/types.ts';
import type { ServerEntry } from './entry.ts';

/** Characters that systemd 252 writes wrongly when it stores a command, and so runs wrongly when it starts the unit again itself. */
const FRAGILE = /[\s$%'"\\;#]/;

/**
 * Whether a run that somebody began (`systemctl restart`) is to be followed by one of ours: it may run another command than its spec says.
 *
 * systemd itself tells of no difference. A frozen source changes nothing, and what runs over its window could not be started again.
 */
export function isRenewalDue(
  { begunByOthers, invocation, served, lifecycle }: ServerEntry,
  record: SpecRecord | undefined,
): boolean {
  if (begunByOthers === '' || begunByOthers !== invocation?.id || served === undefined) return false;
  return record !== undefined && !record.isFrozen && !lifecycle.isOverrun && isFragile(served.server);
}

function isFragile({ spec: { command, preStart, postStop, workingDirectory } }: Server): boolean {
  return [...command, ...preStart.flat(), ...postStop.flat(), workingDirectory].some((text) => FRAGILE.test(text));
}
