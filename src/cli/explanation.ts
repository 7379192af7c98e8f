import type { ConditionType } from '../status/reasons.ts';
import type { Condition, ServerStatus } from '../status/types.ts';
import { formatAge } from './amounts.ts';

/** A server's condition of that type; undefined where the controller reports none. */
export function findCondition(status: ServerStatus, type: ConditionType): Condition | undefined {
  return status.status.conditions.find((condition) => condition.type === type);
}

/** True where the server is up and passed its readiness probe. */
export function isReady(status: ServerStatus): boolean {
  return findCondition(status, 'Ready')?.status === 'True';
}

/**
 * Why a server is not as its spec wants it, one cause a line, the one to look at first on top.
 *
 * Empty: it is Ready, and so is what it runs.
 */
export function explainStatus(server: ServerStatus, nowMs: number): string[] {
  const { phase, conditions, lastExit, nextTransition } = server.status;
  if (conditions.length === 0 && phase === 'Pending') return ['not seen by the controller yet'];
  const causes: string[] = [];
  const accepted = findCondition(server, 'Accepted');
  if (accepted !== undefined && accepted.status !== 'True') causes.push(`spec not accepted: ${words(accepted)}`);
  const admitted = findCondition(server, 'Admitted');
  if (admitted?.status === 'False') causes.push(`not admitted: ${words(admitted)}`);
  const stalled = findCondition(server, 'Stalled');
  if (stalled?.status === 'True') causes.push(words(stalled));
  const suspended = findCondition(server, 'Suspended');
  if (suspended?.status === 'True')
    causes.push(suspended.message === '' ? 'suspended' : `suspended: ${suspended.message}`);
  const ready = findCondition(server, 'Ready');
  if (ready !== undefined && ready.status !== 'True' && stalled?.status !== 'True' && suspended?.status !== 'True') {
    const isSaid = causes.some((cause) => ready.message !== '' && cause.includes(ready.message));
    if (!isSaid) causes.push(readyWords(ready, lastExit?.message));
  }
  if (nextTransition !== null) {
    const waitMs = Date.parse(nextTransition.at) - nowMs;
    if (waitMs > 0)
      causes.push(`${nextTransition.phase === 'Starting' ? 'starts' : nextTransition.phase} in ${formatAge(waitMs)}`);
  }
  for (const type of ['UpdatePending', 'Resized'] as const) {
    const condition = findCondition(server, type);
    if (condition?.status === (type === 'Resized' ? 'False' : 'True')) causes.push(words(condition));
  }
  // A limit that waits for room has said so already.
  const synced = findCondition(server, 'Synced');
  if (synced?.reason === 'Drifted' && findCondition(server, 'Resized') === undefined) causes.push(words(synced));
  return causes;
}

function readyWords(ready: Condition, lastExit: string | undefined): string {
  if (ready.reason === 'NotRunning') return ready.message || lastExit || 'not running';
  return words(ready);
}

function words({ reason, message }: Condition): string {
  return message === '' ? reason : `${reason}: ${message}`;
}
