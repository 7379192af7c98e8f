/** Every word a template may use; any other text in braces stays as it is, so JSON in an argument is safe. */
export const TEMPLATE_NAMES = [
  'NAME',
  'USER',
  'UID',
  'GID',
  'HOME',
  'PORT',
  'POOL',
  'RUNTIME_DIR',
  'STATE_DIR',
  'UNIT',
  'USERNAME',
  'USERID',
] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/** What templates stand for. A name that is absent is unknown: using it is an error. `USERNAME` and `USERID` stand for `USER` and `UID`. */
export type TemplateValues = Readonly<Partial<Record<Exclude<TemplateName, 'USERNAME' | 'USERID'>, string>>>;

/** A text uses a template whose value is not known here. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly template: TemplateName;

  constructor(template: TemplateName) {
    super(`{${template}} has no value here`);
    this.template = template;
  }
}

/** `${HOME}` is a shell's, not ours: half of it replaced would be a trap for every `bash -c`. */
const TEMPLATE = new RegExp(
  `\\{\\{(${TEMPLATE_NAMES.join('|')})\\}\\}|(?<!\\$)\\{(${TEMPLATE_NAMES.join('|')})\\}`,
  'g',
);

/**
 * The text with each template replaced by its value; `{{NAME}}` becomes a literal `{NAME}`, and `${NAME}` stays as it is. Values are not expanded again.
 *
 * @throws {TemplateError} a template without a value, such as `{PORT}` where the server has no port
 */
export function expand(text: string, values: TemplateValues): string {
  return text.replace(TEMPLATE, (_all, literal: TemplateName | undefined, name: TemplateName) => {
    if (literal !== undefined) return `{${literal}}`;
    const value = values[valueName(name)];
    if (value === undefined) throw new TemplateError(name);
    return value;
  });
}

/** The templates that a text uses, each once, in the order of their first use; literals (`{{NAME}}`) are none. */
export function templatesIn(text: string): TemplateName[] {
  const names = [...text.matchAll(TEMPLATE)].map((match) => match[2] as TemplateName | undefined);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** The templates that the texts and names anywhere inside a plain value use. */
export function templatesWithin(value: unknown): ReadonlySet<TemplateName> {
  const inside = (part: unknown): TemplateName[] => {
    if (typeof part === 'string') return part.includes('{') ? templatesIn(part) : [];
    if (typeof part !== 'object' || part === null) return [];
    return [...(Array.isArray(part) ? [] : Object.keys(part)), ...Object.values(part)].flatMap(inside);
  };
  return new Set(inside(value));
}

function valueName(name: TemplateName): keyof TemplateValues {
  switch (name) {
    case 'USERNAME':
      return 'USER';
    case 'USERID':
      return 'UID';
    default:
      return name;
  }
}
