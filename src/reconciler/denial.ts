import type { SpecDenial } from '../source/types.ts';
import type { Admission } from './admitter.ts';

/** The admission of a server of which nothing was ever admitted, so that there is nothing to run. */
export function deniedAdmission({ isUndecided, condition, reason, message, retryAfterMs }: SpecDenial): Admission {
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (isUndecided === true) return { kind: 'waiting', message, ...retry };
  return { kind: 'refused', condition, reason, message, ...retry };
}
