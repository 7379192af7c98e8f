import * as z from 'zod';
import { serverSchema } from './schema.ts';

/** The schema of server files for editors, as JSON Schema draft 7 (what yaml-language-server knows best), with a final newline. */
export function renderServerJsonSchema(): string {
  return renderJsonSchema(serverSchema, 'urn:hublet:schema:v1:server');
}

/** Any schema of ours as JSON Schema. What JSON Schema can't say (names, quantities, contradictions) `hublet validate` checks. */
export function renderJsonSchema(schema: z.ZodType, id: string): string {
  const { $schema, ...rest } = jsonSchemaOf(schema);
  return `${JSON.stringify({ $schema, $id: id, ...rest }, null, 2)}\n`;
}

/** A schema as JSON Schema of what a person writes, nothing in it referred to from elsewhere. */
export function jsonSchemaOf(schema: z.ZodType) {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-7' });
}
