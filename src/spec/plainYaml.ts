/**
 * The plain part of YAML that most spec files keep to: mappings, lists of plain values, one value a line.
 *
 * Read here at a twentieth of what a whole YAML parser costs, which was an eighth of all that hublet does for a start.
 */

/** Printable ASCII on whole lines: everything else is for the parser. */
const PLAIN_TEXT = /^[\n\x20-\x7e]*\n$/;
const KEY = /^[A-Za-z][\w./-]*$/;
/** Begins like no number, and holds nothing that means anything in YAML: no `: `, ` #`, quotes, brackets, commas. */
const WORDS = /^(?:[A-Za-z/]|--?[A-Za-z])(?:[\w./@%+=-]|:(?=[\w/])| (?=[\w./@%+=-]))*$/;
/** `512M`, `1.5G`, `30s`, `50%`: digits first, and yet no number, which `1e3` and `0xA` would be. */
const AMOUNT = /^\d+(?:\.\d+)?[A-DF-NP-WYZa-df-np-wyz%][A-Za-z%]*$/;
const NUMBER = /^(?:0|[1-9]\d{0,14})$|^(?:0|[1-9]\d{0,8})\.\d{1,6}$/;
const QUOTED = /^(?:"([^"\\]*)"|'([^']*)')$/;
const NOT_WORDS: ReadonlySet<string> = new Set(['null', 'Null', 'NULL', 'True', 'TRUE', 'False', 'FALSE']);
const MAX_DEPTH = 16;

/** Thrown nowhere to be seen: the text is more than plain. */
class NotPlain extends Error {}

/**
 * The value of a plain text: the same as the parser's, to which everything else is left.
 *
 * @returns undefined: it is not that plain, which says nothing about whether it is right
 */
export function readPlainYaml(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!PLAIN_TEXT.test(text)) return undefined;
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new Lines(text).document();
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The lines that say something, one after the other. */
class Lines {
  readonly #lines: readonly string[];
  #next = 0;
  /** Of the present line; -1 after the last. */
  #indent = -1;
  /** Empty after the last. */
  #content = '';

  constructor(text: string) {
    this.#lines = text.split('\n');
    this.#advance();
  }

  document(): Readonly<Record<string, unknown>> {
    if (this.#indent !== 0) throw new NotPlain();
    const value = this.#mapping(0);
    if (this.#content !== '') throw new NotPlain();
    return value;
  }

  #mapping(depth: number): Readonly<Record<string, unknown>> {
    if (depth > MAX_DEPTH) throw new NotPlain();
    const indent = this.#indent;
    const value: Record<string, unknown> = {};
    while (this.#indent === indent) {
      const colon = this.#content.indexOf(':');
      const key = this.#content.slice(0, colon);
      if (!KEY.test(key) || Object.hasOwn(value, key)) throw new NotPlain();
      const rest = this.#content.slice(colon + 1);
      this.#advance();
      value[key] = rest === '' ? this.#inner(indent, depth) : inlineValue(rest);
    }
    return value;
  }

  /** What stands below a key that has nothing beside it. */
  #inner(indent: number, depth: number): unknown {
    const isList = this.#content.startsWith('- ');
    if (isList && this.#indent >= indent) return this.#list();
    if (this.#indent <= indent) throw new NotPlain();
    return this.#mapping(depth + 1);
  }

  #list(): readonly unknown[] {
    const indent = this.#indent;
    const items: unknown[] = [];
    while (this.#indent === indent && this.#content.startsWith('- ')) {
      items.push(plainValue(this.#content.slice(2)));
      this.#advance();
    }
    return items;
  }

  #advance(): void {
    for (let line = this.#lines[this.#next]; line !== undefined; line = this.#lines[this.#next]) {
      this.#next += 1;
      const content = line.trimStart();
      if (content === '' || content.startsWith('#')) continue;
      this.#indent = line.length - content.length;
      this.#content = content;
      return;
    }
    this.#indent = -1;
    this.#content = '';
  }
}

/** What stands behind a key's colon on its line. */
function inlineValue(rest: string): unknown {
  if (!rest.startsWith(' ')) throw new NotPlain();
  const text = rest.slice(1);
  if (text === '[]') return [];
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1).split(', ').map(plainValue) : plainValue(text);
}

function plainValue(text: string): unknown {
  if (NUMBER.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  if ((WORDS.test(text) && !NOT_WORDS.has(text)) || AMOUNT.test(text)) return text;
  const quoted = QUOTED.exec(text);
  if (quoted === null) throw new NotPlain();
  return quoted[1] ?? quoted[2];
}
