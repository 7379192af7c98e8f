import * as z from 'zod';
import { SPEC_DEFAULTS } from '../defaults.ts';
import { CORES_PATTERN, DURATION_PATTERN, parseCores, parseDurationMs } from '../quantities.ts';
import { field, quantity } from '../rule.ts';
import { positiveDuration } from './amounts.ts';

const MIN_TIMEOUT_MS = 60_000;

const timeout = () =>
  quantity(parseDurationMs, DURATION_PATTERN, { minimum: MIN_TIMEOUT_MS, message: 'must be at least 60s' });

/** `spec.idle`. */
export const idleSchema = z.strictObject({
  timeout: timeout().describe(
    'Idle for so long it is stopped, until hublet resume, hublet restart, a change of the spec or the opening of its next window. At least 60s.',
  ),
  check: field(
    z.array(z.enum(['cpu', 'connections', 'http'])).min(1),
    "What must agree that it is idle: cpu (it uses less than cpuCores), connections (none lasts on its port), http (Jupyter's /api/status reports nothing new, asked below the path of the readiness probe and with its headers). What can't be measured counts as used. By default cpu, and connections where others can reach its port.",
  ),
  cpuCores: field(quantity(parseCores, CORES_PATTERN), 'CPU use below this is none.', SPEC_DEFAULTS.idle.cpuCores),
  warnBefore: field(
    positiveDuration(),
    'An event IdleWarning comes so long before the stop, at most the timeout.',
    SPEC_DEFAULTS.idle.warnBefore,
  ),
});
