import * as z from 'zod';
import { listFields, type SchemaField } from './schemaWalk.ts';

/** When a change of a field takes effect on a server that runs. */
export type Effect = 'live' | 'at once' | 'restart' | 'next start';

export interface ReferenceOptions {
  readonly title: string;
  /** A paragraph below the title. */
  readonly lead: string;
  readonly schema: z.ZodType;
  /** Undefined: no such column. */
  readonly effectOf?: (path: string) => Effect | undefined;
}

/** A page with a row for each field of a schema: path, default, when a change takes effect, meaning. Markdown. */
export function renderFieldReference({ title, lead, schema, effectOf }: ReferenceOptions): string {
  const effectHead = effectOf === undefined ? '' : ' a change takes effect |';
  const effectRule = effectOf === undefined ? '' : ' --- |';
  const rows = listFields(schema).map((field) => {
    const effect = effectOf === undefined ? '' : ` ${effectOf(field.path) ?? ''} |`;
    return `| \`${field.path}\` | ${defaultOf(field)} |${effect} ${cell(describe(field))} |`;
  });
  return [
    `# ${title}`,
    '',
    'Made from the schema by `npm run gen`; do not edit.',
    '',
    lead,
    '',
    `| field | default |${effectHead} meaning |`,
    `| --- | --- |${effectRule} --- |`,
    ...rows,
    '',
  ].join('\n');
}

/** When a changed field of a spec takes effect; undefined for groups of fields. */
export function effectOfSpecField(path: string): Effect | undefined {
  if (path.startsWith('metadata') || /^spec\.(probes|restartPolicy|suspend)/.test(path)) return 'at once';
  if (path.startsWith('spec.resources')) return 'live';
  if (path === 'spec.startTimeout') return 'next start';
  return path.startsWith('spec.') ? 'restart' : undefined;
}

function describe({ schema }: SchemaField): string {
  return jsonOf(schema).description ?? schema.description ?? '';
}

function defaultOf({ schema, isOptional }: SchemaField): string {
  const value = jsonOf(schema).default;
  if (value !== undefined) return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
  return isOptional ? '' : 'required';
}

function jsonOf(schema: z.ZodType): { readonly description?: string; readonly default?: unknown } {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    readonly description?: string;
    readonly default?: unknown;
  };
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
