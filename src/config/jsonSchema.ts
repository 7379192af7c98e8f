import { renderJsonSchema } from '../spec/jsonSchema.ts';
import { configSchema } from './schema.ts';

/** The schema of configuration files for editors, as JSON Schema draft 7, with a final newline. */
export function renderConfigJsonSchema(): string {
  return renderJsonSchema(configSchema, 'urn:hublet:schema:v1:config');
}
