import * as z from 'zod';

/** A field name, or the index of a list's element. */
export type PathPart = string | number;

/** One field of a schema, as documentation shows it. */
export interface SchemaField {
  /** `spec.command`; elements of lists are `[]`, values of maps `{}`. */
  readonly path: string;
  readonly schema: z.ZodType;
  readonly isOptional: boolean;
}

/** Names of the fields that the schema has at a path; empty where there is no object with fixed fields. */
export function fieldNamesAt(schema: z.ZodType, path: readonly PathPart[]): string[] {
  let current = objectIn(schema);
  for (const part of path) {
    if (current instanceof z.ZodObject && typeof part === 'string') current = objectIn(current.shape[part]);
    else if (current instanceof z.ZodArray) current = objectIn(current.element);
    else if (current instanceof z.ZodRecord) current = objectIn(current.valueType);
    else return [];
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

/** Every field with fixed name, parents before children, in the schema's order. */
export function listFields(schema: z.ZodType, prefix = ''): SchemaField[] {
  const holder = objectIn(schema);
  if (holder instanceof z.ZodArray) return listFields(holder.element as z.ZodType, `${prefix}[]`);
  if (holder instanceof z.ZodRecord) return listFields(holder.valueType as z.ZodType, `${prefix}{}`);
  if (!(holder instanceof z.ZodObject)) return [];
  return Object.entries(holder.shape as Record<string, z.ZodType>).flatMap(([name, fieldSchema]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const isOptional = fieldSchema instanceof z.ZodOptional;
    return [{ path, schema: fieldSchema, isOptional }, ...listFields(fieldSchema, path)];
  });
}

/** The object, list or map inside wrappers; of a union its object. */
function objectIn(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional) return objectIn(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.map(objectIn).find((option) => option instanceof z.ZodObject);
  return schema;
}

/** `spec.command[0]`, `metadata.labels["example.org/team"]`; empty for the root. Of a name that is none only the beginning, which holds no secret. */
export function formatFieldPath(path: readonly PathPart[]): string {
  return path.reduce<string>((text, part, index) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const name = shorten(speakable(part, path[index - 1]));
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/** Maps whose values may be secrets. */
const SECRET_MAPS: readonly (PathPart | undefined)[] = ['environment', 'headers'];

/** A name as far as it looks like one: in `TOKEN=s3cret` or `TOKEN s3cret`, where a colon was to be, the rest is not to be told. */
function speakable(name: string, parent: PathPart | undefined): string {
  const looksLikeName = SECRET_MAPS.includes(parent) ? /^[\w.-]*/ : /^[^=]*/;
  const [start = ''] = looksLikeName.exec(name) ?? [];
  return start === name ? name : `${start}...`;
}

function shorten(name: string): string {
  return name.length > 80 ? `${name.slice(0, 80)}...` : name;
}
