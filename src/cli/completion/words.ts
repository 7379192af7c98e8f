import type { Verb, VerbOption } from '../catalogue/verb.ts';

/** What a shell offers at one place of a command line. */
export type Offer =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Names of servers, asked for when needed. */
  | { readonly kind: 'servers' | 'files' | 'directories' | 'nothing' };

/** An option as shells see it. */
export interface OptionWords {
  /** `--output`. */
  readonly long: string;
  /** `-o`; undefined where it has none. */
  readonly short: string | undefined;
  readonly description: string;
  /** What its value may be; undefined where it takes none. */
  readonly value: Offer | undefined;
}

/** The flags of an option as the catalogue writes them, taken apart. */
export function optionWords({ flags, description, choices }: VerbOption): OptionWords {
  const [, short, long = '', placeholder] = /^(?:(-\w), )?(--[a-z-]+)(?: <([a-z.]+)>)?$/.exec(flags) ?? [];
  if (long === '') throw new Error(`flags of another form: ${flags}`);
  return { long, short, description, value: placeholder === undefined ? undefined : valueOffer(placeholder, choices) };
}

function valueOffer(placeholder: string, choices: readonly string[] | undefined): Offer {
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (placeholder.startsWith('file')) return { kind: 'files' };
  return { kind: placeholder === 'directory' ? 'directories' : 'nothing' };
}

/** What the arguments of a verb may be. */
export function argumentOffer({ argument }: Verb): Offer {
  if (argument?.choices !== undefined) return { kind: 'words', words: argument.choices };
  return { kind: argument?.completes ?? 'nothing' };
}

/** A text in single quotes, as sh, bash and zsh read it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
