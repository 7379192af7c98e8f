import { stripVTControlCharacters } from 'node:util';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Wide and fullwidth ranges of East Asian scripts, as terminals draw them. @see Unicode Standard Annex 11 */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

/** Controls, and the marks that turn the direction of text: what could rewrite a terminal or make a name look like another. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** How many cells of a terminal a text takes; colours take none. */
export function textWidth(text: string): number {
  const plain = stripVTControlCharacters(text);
  // Nearly every cell, and a hundred times faster.
  if (/^[ -~]*$/.test(plain)) return plain.length;
  let width = 0;
  for (const { segment } of segmenter.segment(plain)) {
    if (/^\p{M}|^\p{Cf}/u.test(segment)) continue;
    width += /\p{Emoji_Presentation}|\ufe0f/u.test(segment) || WIDE.test(segment) ? 2 : 1;
  }
  return width;
}

/**
 * Foreign text (a name, a message, a line of a journal) made harmless for a terminal.
 *
 * Controls become `\xNN` or `\u{NNNN}`, so that no server can move the cursor of the person who looks at it.
 */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

export interface TableOptions {
  /** Least width of each column, for rows that follow an earlier table. */
  readonly minWidths?: readonly number[];
}

/** Widths that hold every cell of all rows. */
export function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, textWidth(cell));
    });
  }
  return widths;
}

/** Rows in aligned columns, three blanks apart, each line ended and without blanks at its end; empty for no rows. */
export function renderTable(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const widths = columnWidths(rows).map((width, index) => Math.max(width, options.minWidths?.[index] ?? 0));
  return rows
    .map((row) => {
      const line = row.map((cell, index) => cell + ' '.repeat(Math.max(0, (widths[index] ?? 0) - textWidth(cell))));
      return `${line.join('   ').trimEnd()}\n`;
    })
    .join('');
}
