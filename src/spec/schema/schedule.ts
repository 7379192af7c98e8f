import * as z from 'zod';
import { cronProblem } from '../../schedule/cron.ts';
import { isTimeZone } from '../../schedule/zone.ts';
import { SPEC_DEFAULTS } from '../defaults.ts';
import { field, text } from '../rule.ts';

const MAX_WINDOWS = 50;

const windowSchema = z.strictObject({
  start: text(cronProblem).describe(
    'When it opens, as a cron expression of five fields in local time: "0 8 * * mon-fri". A time that clocks skip opens at the moment they do, one that comes twice opens once.',
  ),
  stop: text(cronProblem).describe('When it closes, written like start: "0 18 * * mon-fri".'),
});

/** `spec.schedule`. */
export const scheduleSchema = z.strictObject({
  timeZone: field(text(zoneProblem), "Zone of the windows' times, such as Europe/Berlin. By default the host's."),
  windows: z
    .array(windowSchema)
    .min(1)
    .max(MAX_WINDOWS)
    .describe('It may run while any of these is open; one is from a start to the next stop.'),
  overrun: field(
    z.enum(['stop', 'finish']),
    'What becomes of it when the last window closes: stop it, or let it finish by itself, not to start again before the next.',
    SPEC_DEFAULTS.overrun,
  ),
});

function zoneProblem(zone: string): string | undefined {
  return isTimeZone(zone)
    ? undefined
    : 'is not a time zone: write one such as Europe/Berlin or UTC (timedatectl list-timezones)';
}
