import * as z from 'zod';
import { field, text } from '../rule.ts';
import { parseMomentMs } from '../times.ts';

/** `spec.suspend` as a map. */
export const suspensionSchema = z.strictObject({
  reason: field(z.string().max(1024), 'Why, for people.'),
  until: field(text(momentProblem), 'When it may run again: 2027-01-31T18:00:00Z, or a local date 2027-01-31.'),
});

function momentProblem(moment: string): string | undefined {
  return parseMomentMs(moment) === undefined
    ? 'is not a moment: write 2027-01-31T18:00:00Z, or a local date such as 2027-01-31'
    : undefined;
}
