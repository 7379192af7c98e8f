import * as z from 'zod';
import { QuantityError } from './quantities.ts';

/** Answers what is wrong with a text, in words that follow its path, or undefined where nothing is. */
export type TextRule = (text: string) => string | undefined;

/** A string under a rule. */
export function text(rule: TextRule) {
  return z.string().superRefine((value, context) => {
    const message = rule(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

/** A non-empty string of any kind. */
export function nonEmptyText() {
  return text((value) => (value === '' ? 'must not be empty' : undefined));
}

/**
 * A quantity as people write it: a string or a number that `parse` takes, and at least `minimum`.
 *
 * The schema keeps what was written; the resolution parses it again. `pattern` goes into the JSON Schema only.
 */
export function quantity(parse: (value: string | number) => unknown, pattern: RegExp, limit?: QuantityLimit) {
  // The pattern is for editors; what it can't say, and the words for people, are parse's.
  return z.union([z.string().meta({ pattern: pattern.source }), z.number()]).superRefine((value, context) => {
    const message = quantityProblem(parse, value, limit);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

export interface QuantityLimit {
  readonly minimum: number;
  /** What to say of less, such as `must be more than zero`. */
  readonly message: string;
}

function quantityProblem(
  parse: (value: string | number) => unknown,
  value: string | number,
  limit: QuantityLimit | undefined,
): string | undefined {
  try {
    const parsed = parse(value);
    return limit !== undefined && typeof parsed === 'number' && parsed < limit.minimum ? limit.message : undefined;
  } catch (error) {
    if (error instanceof QuantityError) return error.message;
    throw error;
  }
}

/** A field that may be left out, with its documentation; `fallback` is what it means then. */
export function field<T extends z.ZodType>(schema: T, description: string, fallback?: unknown) {
  return schema.optional().meta(fallback === undefined ? { description } : { description, default: fallback });
}
