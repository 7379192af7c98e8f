import type { SpecRecord } from '../source/types.ts';
import type { ServerEntry } from './entry.ts';

export type Settlement = 'open' | 'good' | 'bad';

/**
 * Whether a server is where it stays without anything new happening, and whether that is where it should be.
 *
 * open: something is under way, a deletion's or orphan's delay too. bad: it waits for a person, such as a refused spec.
 */
export function settlementOf(
  entry: ServerEntry,
  record: SpecRecord | undefined,
  heldNames: ReadonlySet<string>,
): Settlement {
  if (record === undefined) return 'open';
  const isVanishing = record.isMissing === true && !record.isFrozen && !heldNames.has(record.name);
  if (record.isDeleted || isVanishing) return 'open';
  const isRefused = record.refusal !== undefined || (record.denial !== undefined && record.denial.isUndecided !== true);
  if (entry.end !== undefined) return 'open';
  switch (entry.snapshot.value) {
    case 'ready':
      if (entry.update.kind === 'due') return 'open';
      return isRefused ? 'bad' : 'good';
    case 'stopped':
    case 'ended':
      return isRefused ? 'bad' : 'good';
    case 'failed':
      return 'bad';
    case 'pending':
      return isRefused || entry.admission.kind === 'refused' ? 'bad' : 'open';
    case 'backOff':
      return entry.snapshot.context.backoffReason === 'ExecConfigError' ? 'bad' : 'open';
    case 'deleted':
    case 'left':
      return 'good';
    case 'starting':
    case 'running':
    case 'updating':
    case 'stopping':
    case 'deleting':
      return 'open';
  }
}
