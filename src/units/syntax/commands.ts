import { PropertySyntaxError } from './error.ts';
import { parsePath } from './mounts.ts';
import { splitWords, type Word } from './words.ts';

/** One command of an Exec setting. */
export interface Command {
  readonly program: string;
  /** With the name that it is to see itself under first; `$` as systemd reads it, doubled for a literal one. */
  readonly argv: readonly string[];
  /** `-` before it: a failure of it is none. */
  readonly ignoresFailure: boolean;
  /** `+`, `!`, `!!` before it: runs with rights that the server itself does not have. */
  readonly privilege: Privilege | undefined;
}

/** systemd's names of the prefixes `+`, `!` and `!!` on D-Bus. */
export type Privilege = 'privileged' | 'no-setuid' | 'ambient';

const PRIVILEGES: Readonly<Record<string, Privilege>> = { '+': 'privileged', '!': 'no-setuid', '!!': 'ambient' };

/**
 * The commands of one assignment: a program with its arguments, several divided by a lone `;`.
 *
 * The prefixes `-`, `@`, `:` and one of `+`, `!`, `!!` come in any order, each once. Specifiers (`%`) are not expanded.
 * @see systemd.service(5), "Command Lines" @throws {PropertySyntaxError}
 */
export function parseCommands(text: string): Command[] {
  const lines: Word[][] = [[]];
  for (const word of splitWords(withPlainSemicolons(text), 'c')) {
    if (word.raw === ';') lines.push([]);
    else lines.at(-1)?.push(word);
  }
  // A semicolon after the last command divides nothing.
  if (lines.length > 1 && lines.at(-1)?.length === 0) lines.pop();
  return lines.map(parseCommand);
}

/** `\;` as a word is systemd's way to say a semicolon. */
function withPlainSemicolons(text: string): string {
  return text.replace(/(^|\s)\\;(?=\s|$)/g, "$1';'");
}

function parseCommand(words: readonly Word[]): Command {
  const [first, ...rest] = words.map((word) => word.text);
  const [, prefixes = '', program = ''] = /^([-@:+!]*)(.*)$/s.exec(first ?? '') ?? [];
  checkPrefixes(prefixes);
  if (program === '') throw new PropertySyntaxError('expects a program and its arguments');
  const path = program.includes('/') ? parsePath(program) : program;
  const given = prefixes.includes('@') ? rest : [path, ...rest];
  if (given.length === 0) throw new PropertySyntaxError('expects the name of the program after @ and the program');
  return {
    program: path,
    // Not systemd's own flag for it, which 252 can't read back after a daemon-reload.
    argv: prefixes.includes(':') ? given.map((argument) => argument.replaceAll('$', '$$$$')) : given,
    ignoresFailure: prefixes.includes('-'),
    privilege: PRIVILEGES[prefixes.replace(/[^+!]/g, '')],
  };
}

function checkPrefixes(prefixes: string): void {
  const plain = prefixes.replaceAll('!!', '2');
  const isOnce = new Set(plain).size === plain.length;
  if (!isOnce || plain.replace(/[^+!2]/g, '').length > 1) {
    throw new PropertySyntaxError('expects the prefixes - @ : and one of + ! !!, each at most once');
  }
}
