/** Amounts that several fields have in common. */
import * as z from 'zod';
import { DURATION_PATTERN, parseDurationMs, parseSizeBytes, SIZE_PATTERN } from '../quantities.ts';
import { quantity } from '../rule.ts';

/** A size of one byte or more. */
export const positiveSize = () =>
  quantity(parseSizeBytes, SIZE_PATTERN, { minimum: 1, message: 'must be more than zero' });

/** A duration of a millisecond or more. */
export const positiveDuration = () =>
  quantity(parseDurationMs, DURATION_PATTERN, { minimum: 1, message: 'must be more than zero' });

/** The number of a port. */
export const portNumber = () => z.int().min(1).max(65_535);
