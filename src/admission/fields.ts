/** Texts of a spec with their templates expanded, judged once more: an account's home or a name may hold what a spec may not. */
import * as spec from '../spec/paths.ts';
import { expand, TemplateError, type TemplateValues } from '../spec/templates.ts';
import { isPlainText, isUnicodeText } from '../units/paths.ts';

/** A field whose text can't be taken once its templates are expanded. */
export class FieldRefusal extends Error {
  override readonly name = 'FieldRefusal';
}

/** What is wrong with an expanded text, in words that follow the field's path; undefined: nothing. */
export type FieldRule = (text: string) => string | undefined;

/** Expands the text of the field at `path` and judges the result. @throws {FieldRefusal} */
export type Expander = (path: string, text: string, rule?: FieldRule) => string;

export interface ExpanderContext {
  /** The user is one that systemd makes up, whose numbers are not known before it runs. */
  readonly isDynamicUser?: boolean;
}

/** An expander with these templates; without a rule of its own a field must be Unicode text that an exec can take. */
export function createExpander(values: TemplateValues, context: ExpanderContext = {}): Expander {
  return (path, text, rule = unicodeProblem) => {
    const expanded = expandField(path, text, values, context);
    const problem = rule(expanded);
    if (problem !== undefined) throw new FieldRefusal(`${path}: ${problem}`);
    return expanded;
  };
}

function expandField(path: string, text: string, values: TemplateValues, context: ExpanderContext): string {
  try {
    return expand(text, values);
  } catch (err) {
    if (err instanceof TemplateError)
      throw new FieldRefusal(`${path}: ${err.message}${hintOf(err, context)}`, { cause: err });
    throw err;
  }
}

function hintOf({ template }: TemplateError, { isDynamicUser = false }: ExpanderContext): string {
  switch (template) {
    case 'UID':
    case 'USERID':
    case 'GID':
      return isDynamicUser ? ', since a dynamic user gets its numbers only when it starts' : '';
    case 'PORT':
      return ', since spec.port is none';
    case 'HOME':
      return ', since the account has no home directory';
    case 'STATE_DIR':
      return ' in user mode: write a path below {HOME}';
    default:
      return `; write {{${template}}} for the text itself`;
  }
}

/** A rule of the spec's paths for expanded text, which may have control characters out of an account's home, and where braces are no template. */
export function expandedPath(rule: FieldRule): FieldRule {
  return (text) => {
    if (/^-?\{/.test(text)) return 'must be an absolute path once its templates are expanded';
    const problem = rule(text);
    if (problem !== undefined) return problem;
    // Where systemd stores the unit, this would join the line with the next.
    if (text.endsWith('\\')) return 'must not end in a backslash';
    return isPlainText(text) ? undefined : 'must hold no control characters';
  };
}

/** An absolute path. */
export const directoryProblem = expandedPath(spec.pathProblem);
/** The program of a command: an absolute path or a bare name. */
export const programProblem = expandedPath(spec.programProblem);

/** A program and its arguments. @throws {FieldRefusal} */
export function expandCommand(path: string, command: readonly string[], field: Expander): string[] {
  return command.map((argument, index) =>
    field(`${path}[${index}]`, argument, index === 0 ? programProblem : unicodeProblem),
  );
}

/** Any text that exec and systemd take. */
export function unicodeProblem(text: string): string | undefined {
  return isUnicodeText(text) ? undefined : 'must be Unicode text without NUL and noncharacters';
}

/** The value of an HTTP header. */
export function headerProblem(text: string): string | undefined {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text) ? undefined : 'must hold no line breaks or characters beyond Latin-1';
}

/** A port number as text. */
export function portProblem(text: string): string | undefined {
  const isPort = /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
  return isPort ? undefined : 'must be a port between 1 and 65535 once its templates are expanded';
}

/** A map with each value changed, in its order. */
export function mapValues(
  record: Readonly<Record<string, string>>,
  map: (value: string, name: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}
