import * as z from 'zod';
import { credentialNameProblem } from '../credentials.ts';
import { environmentProblem, variableNameProblem, variableValueProblem } from '../environment.ts';
import { optionalUnitPathProblem, unitPathProblem } from '../paths.ts';
import { text } from '../rule.ts';

/** `spec.environment`. */
export const environmentSchema = z
  .record(text(variableNameProblem), text(variableValueProblem))
  .superRefine((value, context) => {
    const message = environmentProblem(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

/** `spec.environmentFiles`. */
export const environmentFilesSchema = z.array(text(optionalUnitPathProblem));

/** `spec.credentials`. */
export const credentialsSchema = z.record(text(credentialNameProblem), text(unitPathProblem));
