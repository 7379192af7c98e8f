import { PERCENT_PATTERN } from '../spec/pool.ts';
import { CORES_PATTERN, CPUS_PATTERN, DURATION_PATTERN, SIZE_PATTERN } from '../spec/quantities.ts';

/** A part of a JSON Schema as ours are made: the few words of it that tell people what to write. */
export interface JsonSchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchemaNode[];
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchemaNode | boolean;
  readonly items?: JsonSchemaNode;
}

export interface ChildField {
  readonly name: string;
  readonly node: JsonSchemaNode;
  readonly isRequired: boolean;
}

/** Quantities are a text or a number to a schema; their pattern tells which quantity. */
const QUANTITIES: ReadonlyMap<string, string> = new Map([
  [SIZE_PATTERN.source, 'size'],
  [DURATION_PATTERN.source, 'duration'],
  [CORES_PATTERN.source, 'cores'],
  [CPUS_PATTERN.source, 'list of CPUs'],
  [orPercent(SIZE_PATTERN), 'size or percentage'],
  [orPercent(CORES_PATTERN), 'cores or percentage'],
]);

function orPercent(pattern: RegExp): string {
  return `(?:${pattern.source})|(?:${PERCENT_PATTERN.source})`;
}

/** Fields below a node, in the schema's order: those of its object, or of its list's elements; empty for a plain value. */
export function childFields(node: JsonSchemaNode): readonly ChildField[] {
  const holder = holderOf(node);
  if (holder === undefined) return [];
  if (holder.items !== undefined) return childFields(holder.items);
  if (typeof holder.additionalProperties === 'object') return childFields(holder.additionalProperties);
  return Object.entries(holder.properties ?? {}).map(([name, child]) => ({
    name,
    node: child,
    isRequired: holder.required?.includes(name) === true,
  }));
}

/** One step down a schema. */
export interface Step {
  readonly node: JsonSchemaNode;
  readonly isRequired: boolean;
  /** What it adds to the path: `.port`, `[]` for a list's element, `.NAME` for the value of a map, `[].port`. */
  readonly suffix: string;
  /** It is the value of a map, under a name that users choose. */
  readonly isValue: boolean;
}

/** What is under `part` of a node: a field, the value of a map, or with `[]` the element of a list. Undefined: nothing can be. */
export function stepInto(node: JsonSchemaNode, part: string): Step | undefined {
  const holder = holderOf(node);
  if (holder?.items !== undefined) {
    if (part === '[]') return { node: holder.items, isRequired: false, suffix: '[]', isValue: false };
    // `sources.path` is understood as `sources[].path`.
    const inside = stepInto(holder.items, part);
    return inside === undefined ? undefined : { ...inside, suffix: `[]${inside.suffix}` };
  }
  const field = Object.hasOwn(holder?.properties ?? {}, part) ? holder?.properties?.[part] : undefined;
  if (field !== undefined) {
    const isRequired = holder?.required?.includes(part) === true;
    return { node: field, isRequired, suffix: `.${part}`, isValue: false };
  }
  const value = holder?.additionalProperties;
  return typeof value === 'object' ? { node: value, isRequired: false, suffix: '.NAME', isValue: true } : undefined;
}

/** What may be written, in a few words: `size`, `integer 1-10000`, `one of auto, none`, `list of strings`. */
export function typeWords(node: JsonSchemaNode): string {
  const { anyOf } = node;
  if (anyOf === undefined) return plainTypeWords(node);
  const quantity = QUANTITIES.get(anyOf.find(({ pattern }) => pattern !== undefined)?.pattern ?? '');
  if (quantity !== undefined) return quantity;
  return [...new Set(anyOf.map(typeWords))].join(' or ');
}

function plainTypeWords(node: JsonSchemaNode): string {
  if (node.const !== undefined) return String(node.const);
  if (node.enum !== undefined) return node.enum.length === 1 ? String(node.enum[0]) : `one of ${node.enum.join(', ')}`;
  switch (node.type) {
    case 'integer':
    case 'number':
      return `${node.type === 'integer' ? 'integer' : 'number'}${rangeWords(node)}`;
    case 'array':
      return `list of ${pluralWords(node.items)}`;
    case 'object':
      return typeof node.additionalProperties === 'object'
        ? `map of ${pluralWords(node.additionalProperties)}`
        : 'object';
    default:
      return node.type ?? 'any value';
  }
}

function rangeWords({ minimum, maximum }: JsonSchemaNode): string {
  const [from, to] = [minimum, maximum].map((end) => (Number.isSafeInteger(end) ? end : undefined));
  const isOpen = (end: number | undefined) => end === undefined || Math.abs(end) === Number.MAX_SAFE_INTEGER;
  if (isOpen(from)) return isOpen(to) ? '' : ` up to ${to}`;
  return isOpen(to) ? ` from ${from}` : ` ${from}-${to}`;
}

function pluralWords(node: JsonSchemaNode | undefined): string {
  const words = typeWords(node ?? {}).split(' or ');
  return words.map((word) => word.replace(/^(?:string|integer|number|boolean|object|size|list)\b/, '$&s')).join(' or ');
}

/** The object or list that a node is or, in a union, can be. */
function holderOf(node: JsonSchemaNode): JsonSchemaNode | undefined {
  if (node.properties !== undefined || node.items !== undefined) return node;
  if (typeof node.additionalProperties === 'object') return node;
  return node.anyOf?.map(holderOf).find((option) => option !== undefined);
}
