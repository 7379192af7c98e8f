import * as z from 'zod';
import { SPEC_DEFAULTS } from '../defaults.ts';
import { field } from '../rule.ts';
import { positiveDuration } from './amounts.ts';

/** `spec.backoff`. */
export const backoffSchema = z.strictObject({
  initial: field(
    positiveDuration(),
    'Pause before the second restart in a row (the first is at once), doubled for each one after.',
    SPEC_DEFAULTS.backoff.initial,
  ),
  max: field(
    positiveDuration(),
    'The longest pause; also the one after a start that can never succeed as the spec is, such as a command that is not there.',
    SPEC_DEFAULTS.backoff.max,
  ),
  resetAfter: field(
    positiveDuration(),
    'Once it was ready for this long, its next failure counts as the first.',
    SPEC_DEFAULTS.backoff.resetAfter,
  ),
});
