import { PropertySyntaxError } from './error.ts';

/** What a backslash does: `keep` the next character as it is, or be a C escape such as `\x20`. */
export type Escapes = 'keep' | 'c';

/** A word of a text, and the parts of it between colons that are neither quoted nor escaped. */
export interface Word {
  readonly text: string;
  readonly parts: readonly string[];
  /** As written, quotes and backslashes included. */
  readonly raw: string;
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** Words between blanks; quotes keep blanks, a backslash keeps the next character. @see systemd.syntax(7), "Quoting" @throws {PropertySyntaxError} */
export function parseWords(text: string): string[] {
  return splitWords(text, 'keep').map((word) => word.text);
}

/** Words between blanks with C escapes, as commands have them. @see systemd.syntax(7), "Quoting" @throws {PropertySyntaxError} */
export function parseEscapedWords(text: string): string[] {
  return splitWords(text, 'c').map((word) => word.text);
}

/** @throws {PropertySyntaxError} a quote that is not closed, a backslash at the end, an escape that there is none of */
export function splitWords(text: string, escapes: Escapes): Word[] {
  const words: Word[] = [];
  let at = 0;
  for (;;) {
    while (isBlank(text[at])) at++;
    if (at >= text.length) return words;
    const [word, end] = readWord(text, at, escapes);
    words.push(word);
    at = end;
  }
}

/** C escapes of a text that has no words, as in SetCredential=. @throws {PropertySyntaxError} */
export function unescapeText(text: string): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < text.length; ) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (character !== '\\') {
      pieces.push(Buffer.from(character));
      at += character.length;
      continue;
    }
    const [bytes, end] = escapeAt(text, at + 1);
    pieces.push(bytes);
    at = end;
  }
  return Buffer.concat(pieces);
}

function readWord(text: string, start: number, escapes: Escapes): [Word, number] {
  const parts: Buffer[][] = [[]];
  let quote = '';
  let at = start;
  const add = (bytes: Buffer): void => void parts.at(-1)?.push(bytes);
  while (at < text.length && (quote !== '' || !isBlank(text[at]))) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    at += character.length;
    if (character === '\\') {
      const [bytes, end] = escapes === 'c' ? escapeAt(text, at) : keptAt(text, at);
      add(bytes);
      at = end;
    } else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (quote === '' && character === ':') {
      parts.push([]);
    } else add(Buffer.from(character));
  }
  if (quote !== '') throw new PropertySyntaxError('has a quote that is not closed');
  const texts = parts.map(textOf);
  return [{ text: texts.join(':'), parts: texts, raw: text.slice(start, at) }, at];
}

function textOf(pieces: readonly Buffer[]): string {
  const bytes = Buffer.concat(pieces);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw new PropertySyntaxError('has escapes that make no UTF-8 text');
  return text;
}

function keptAt(text: string, at: number): [Buffer, number] {
  const character = text.codePointAt(at);
  if (character === undefined) throw new PropertySyntaxError('ends in a backslash; double it');
  const kept = String.fromCodePoint(character);
  return [Buffer.from(kept), at + kept.length];
}

/** The bytes of the escape whose backslash is before `at`, and where it ends. */
function escapeAt(text: string, at: number): [Buffer, number] {
  const letter = text[at] ?? '';
  const simple = Object.hasOwn(SIMPLE, letter) ? SIMPLE[letter] : undefined;
  if (simple !== undefined) return [Buffer.from(simple), at + 1];
  const match = /^(?:x([0-9A-Fa-f]{2})|([0-7]{3})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))/.exec(text.slice(at, at + 9));
  const [all = '', hex, octal, short, long] = match ?? [];
  const byte = hex === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(hex, 16);
  const code = Number.parseInt(short ?? long ?? '', 16);
  const isByte = byte > 0 && byte <= 0xff;
  const isCode = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  if (!isByte && !isCode) {
    throw new PropertySyntaxError('has a backslash that begins no escape; double it for a plain backslash');
  }
  return [isByte ? Buffer.from([byte]) : Buffer.from(String.fromCodePoint(code)), at + all.length];
}

function isBlank(character: string | undefined): boolean {
  return character !== undefined && ' \t\n\r'.includes(character);
}
