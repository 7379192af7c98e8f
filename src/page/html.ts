/** Markup that is safe to send: made by `html`, so that every text in it was escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type HtmlPart = Html | string | number | undefined | readonly HtmlPart[];

/**
 * A template of markup: what is filled in is escaped unless it was made by this very function; lists are joined, undefined
 * is nothing. Every attribute that is filled in must stand in double quotes.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let text = strings[0] ?? '';
  for (let at = 0; at < parts.length; at += 1) text += markup(parts[at]) + (strings[at + 1] ?? '');
  return new Html(text);
}

/** Text as it may stand in an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return /[&<>"']/.test(text) ? text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`) : text;
}

function markup(part: HtmlPart): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return part.map(markup).join('');
}

/** The page of a server. Names hold no `/`, but anything else, so every odd character is percent-encoded. */
export function serverPath(name: string): string {
  return `/servers/${encodeURIComponent(name)}`;
}
