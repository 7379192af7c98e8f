import * as z from 'zod';
import { text } from '../rule.ts';

const propertyText = () => text(propertyTextProblem);

/** `spec.unitProperties`: only its form; names and values are judged where the table of properties is known. */
export const unitPropertiesSchema = z.record(
  text(propertyNameProblem),
  z.union([propertyText(), z.array(propertyText())]),
);

function propertyNameProblem(name: string): string | undefined {
  return /^[A-Z][A-Za-z0-9]*$/.test(name) ? undefined : "is not the name of a unit's property, such as MemoryMin";
}

function propertyTextProblem(value: string): string | undefined {
  return /[\n\r]/.test(value) ? 'must not hold line breaks: write a list' : undefined;
}
