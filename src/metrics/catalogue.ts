/**
 * The one table of what /metrics shows: families, documentation and rule checks are made from it.
 *
 * Rules: base units; `_total` on counters alone; a limit that isn't set has no series; no histogram carries `server`;
 * whatever else is known of a server stands once, in its info series.
 */

import { CONTROLLER_ROWS } from './catalogue/controller.ts';
import { INSTRUMENT_ROWS } from './catalogue/instruments.ts';
import { POOL_ROWS } from './catalogue/pool.ts';
import type { MetricRow } from './catalogue/row.ts';
import { SERVER_ROWS } from './catalogue/server.ts';

/** Every row, in the order of the documentation. */
export function catalogueRows(): readonly MetricRow[] {
  return [...SERVER_ROWS, ...POOL_ROWS, ...CONTROLLER_ROWS, ...Object.values(INSTRUMENT_ROWS)];
}
