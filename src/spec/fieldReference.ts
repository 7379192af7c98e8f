import * as z from 'zod';
import { listFields, type SchemaField } from './schemaWalk.ts';

export interface ReferenceOptions {
  readonly title: string;
  /** A paragraph below the title. */
  readonly lead: string;
  readonly schema: z.ZodType;
  /** Columns between the default and the meaning. */
  readonly columns?: readonly ReferenceColumn[];
}

export interface ReferenceColumn {
  readonly title: string;
  /** Markdown. */
  readonly cell: (field: DescribedField) => string;
}

export interface DescribedField {
  readonly path: string;
  /** As in the documentation, one sentence or more. */
  readonly description: string;
  /** Its JSON Schema. */
  readonly jsonSchema: JsonSchema;
}

export interface JsonSchema {
  readonly description?: string;
  readonly default?: unknown;
}

/** A page with a row for each field of a schema: path, default, further columns, meaning. Markdown. */
export function renderFieldReference({ title, lead, schema, columns = [] }: ReferenceOptions): string {
  const heads = ['field', 'default', ...columns.map((column) => column.title), 'meaning'];
  const rows = listFields(schema).map((field) => {
    const described = describe(field);
    const cells = columns.map(({ cell }) => cell(described));
    return [`\`${field.path}\``, defaultOf(field, described), ...cells, described.description];
  });
  return [
    `# ${title}`,
    '',
    'Made from the schema by `npm run gen`; do not edit.',
    '',
    lead,
    '',
    ...[heads, heads.map(() => '---'), ...rows.map((cells) => cells.map(escapeCell))].map(renderRow),
    '',
  ].join('\n');
}

function describe({ path, schema }: SchemaField): DescribedField {
  const jsonSchema = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return { path, description: jsonSchema.description ?? schema.description ?? '', jsonSchema };
}

function defaultOf({ isOptional }: SchemaField, { jsonSchema }: DescribedField): string {
  const value = jsonSchema.default;
  if (value !== undefined) return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
  return isOptional ? '' : 'required';
}

function renderRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
