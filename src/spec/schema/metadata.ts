import * as z from 'zod';
import { labelKeyProblem, labelValueProblem, serverNameProblem } from '../names.ts';
import { field, text } from '../rule.ts';

/** `metadata`. */
export const metadataSchema = z.strictObject({
  name: text(serverNameProblem).describe(
    'Name of the server, equal to the name of its file without .yaml. 1-128 bytes without /, ~ and control characters.',
  ),
  labels: field(z.record(text(labelKeyProblem), text(labelValueProblem)), 'For selection and metrics.', {}),
  annotations: field(z.record(text(labelKeyProblem), z.string()), 'Free text that is kept.', {}),
});
