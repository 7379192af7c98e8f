import * as z from 'zod';
import { programProblem } from '../paths.ts';
import { nonEmptyText } from '../rule.ts';

/** A program and its arguments. */
export const commandSchema = z
  .array(nonEmptyText())
  .min(1)
  .superRefine(([program], context) => {
    const message = program === undefined || program === '' ? undefined : programProblem(program);
    if (message !== undefined) context.addIssue({ code: 'custom', message, path: [0] });
  });

/** Programs that run one after the other. */
export const commandsSchema = z.array(commandSchema);
