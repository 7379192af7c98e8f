import { isPlainText } from '../paths.ts';
import { type HostMemory, parseMode, parseScale, parseWhole } from '../syntax/amounts.ts';
import { parseBoolean, parseChoice, parseFlags, parseNamed, parseSwitch } from '../syntax/choices.ts';
import { type Command, parseCommands } from '../syntax/commands.ts';
import { PropertySyntaxError } from '../syntax/error.ts';
import { type LimitReader, parseLimit } from '../syntax/limits.ts';
import { parsePath } from '../syntax/mounts.ts';
import { parseCpuSet } from '../syntax/sets.ts';
import { parseExitStatuses, parseSignal } from '../syntax/signals.ts';
import { parseTimespan } from '../syntax/times.ts';
import { parseEscapedWords, parseWords, splitWords, type Word } from '../syntax/words.ts';
import type { Kind, OtherProperty, ReadBack } from './row.ts';

/** A setting that has one value. */
export function scalar(
  signature: string,
  parse: (text: string, host: HostMemory) => unknown,
  readBack?: ReadBack,
): Kind {
  return {
    signature,
    ...(readBack === undefined ? {} : { readBack }),
    read: (texts, name, host) => [[name, parse(onlyText(texts), host)]],
  };
}

/** A setting whose assignments add elements; an empty one takes back those before it. */
export function list(signature: string, parse: (text: string) => readonly unknown[], readBack: ReadBack = 'set'): Kind {
  return {
    signature,
    readBack,
    read: (texts, name) => [[name, sinceReset(texts).flatMap(parse)]],
  };
}

/** A list of words, each checked and changed by `parse`. */
export function words(parse: (word: string) => string = (word) => word, readBack: ReadBack = 'set'): Kind {
  return list('as', (text) => parseWords(text).map((word) => parse(plainText(word))), readBack);
}

/** As `words`, in C escapes, as names and assignments of variables are. */
export function escapedWords(parse: (word: string) => string): Kind {
  return list('as', (text) => parseEscapedWords(text).map((word) => parse(plainText(word))));
}

/** A list of words that have parts between colons. */
export function tuples(signature: string, parse: (word: Word) => unknown): Kind {
  return list(signature, (text) => splitWords(plainText(text), 'keep').map(parse));
}

/**
 * Names that are allowed, or with `~` before the first those that are not. An assignment each, in order: the first says which, and
 * later ones add or take away.
 */
export function filter(check: (word: string, isDeny: boolean) => string): Kind {
  return {
    signature: '(bas)',
    readBack: 'filter',
    read: (texts, name) =>
      sinceReset(texts).map((text) => {
        const isDeny = text.startsWith('~');
        return [
          name,
          [!isDeny, parseWords(isDeny ? text.slice(1) : text).map((word) => check(plainText(word), isDeny))],
        ];
      }),
  };
}

/** Commands; in the form that knows of privileges only where one of them has any. */
export const COMMANDS: Kind = {
  signature: 'a(sasb)',
  readBack: 'commands',
  others: (name) => [{ name: `${name}Ex`, signature: 'a(sasas)', readBack: 'commands' }],
  read: (texts, name) => {
    const commands = sinceReset(texts).flatMap(parseCommands);
    const isEx = commands.some(({ privilege }) => privilege !== undefined);
    return [isEx ? [`${name}Ex`, commands.map(exCommand)] : [name, commands.map(plainCommand)]];
  },
};

export const BOOLEAN = scalar('b', parseBoolean);
export const MODE = scalar('u', parseMode);
export const SCALE = scalar('u', parseScale);
export const SIGNAL = scalar('i', parseSignal);
export const TIMESPAN = scalar('t', (text) => parseTimespan(text));
/** Text without control characters; empty is none. */
export const TEXT = scalar('s', (text) => plainText(text));
/** An absolute path, or empty for none. */
export const PATH = scalar('s', (text) => (text === '' ? '' : parsePath(plainText(text))));
export const CPUS = scalar('ay', parseCpuSet, 'mask');
export const EXIT_STATUSES: Kind = {
  signature: '(aiai)',
  readBack: 'statuses',
  read: (texts, name) => [[name, parseExitStatuses(sinceReset(texts).flatMap(parseWords))]],
};

export function whole(signature: 'i' | 'u', min: number, max: number): Kind {
  return scalar(signature, (text) => parseWhole(text, min, max));
}

export function choice(...allowed: readonly string[]): Kind {
  return scalar('s', (text) => parseChoice(text, allowed));
}

/** yes, no, or one of the words. */
export function switchOr(...allowed: readonly string[]): Kind {
  return scalar('s', (text) => parseSwitch(text, allowed), 'switch');
}

/** yes and no, and words that newer systemds take in a property of its own. */
export function booleanOr(other: Required<Omit<OtherProperty, 'readBack'>>, ...allowed: readonly string[]): Kind {
  return {
    signature: 'b',
    others: () => [other],
    read: (texts, name) => {
      const text = onlyText(texts);
      if (allowed.includes(text)) return [[other.name, text]];
      return [[name, parseSwitch(text, allowed) === 'yes']];
    },
  };
}

export function named(numbers: Readonly<Record<string, number>>): Kind {
  return scalar('i', (text) => parseNamed(text, numbers));
}

export function flags(signature: 'i' | 't', bits: Readonly<Record<string, number>>): Kind {
  return scalar(signature, (text) => {
    const sum = parseFlags(parseWords(text), bits);
    return signature === 't' ? BigInt(sum) : sum;
  });
}

/** Soft and hard limit of a resource, a property each. */
export function limit(read: LimitReader): Kind {
  return {
    signature: 't',
    others: (name) => [{ name: `${name}Soft`, signature: 't' }],
    read: (texts, name) => {
      const { soft, hard } = parseLimit(onlyText(texts), read);
      return [
        [name, hard],
        [`${name}Soft`, soft],
      ];
    },
  };
}

/** A path and a value for it, one pair an assignment. */
export function perPath(parse: (text: string) => unknown): Kind {
  return list('a(st)', (text) => {
    const [path = '', value, ...more] = parseWords(plainText(text));
    if (value === undefined || more.length > 0) throw new PropertySyntaxError('expects a path and a value for it');
    return [[parsePath(path), parse(value)]];
  });
}

/** The text without control characters around or in it. @throws {PropertySyntaxError} */
export function plainText(text: string): string {
  if (!isPlainText(text))
    throw new PropertySyntaxError('has a control character or line break, or is not Unicode text');
  return text;
}

/** @throws {PropertySyntaxError} where there are several */
export function onlyText(texts: readonly string[]): string {
  const [text, ...more] = texts;
  if (text === undefined || more.length > 0) throw new PropertySyntaxError('expects one value, not a list');
  return text.trim();
}

/** The assignments after the last empty one. */
export function sinceReset(texts: readonly string[]): readonly string[] {
  const trimmed = texts.map((text) => text.trim());
  return trimmed.slice(trimmed.lastIndexOf('') + 1);
}

function plainCommand({ program, argv, ignoresFailure }: Command): unknown {
  return [program, argv, ignoresFailure];
}

function exCommand({ program, argv, ignoresFailure, privilege }: Command): unknown {
  return [
    program,
    argv,
    [...(ignoresFailure ? ['ignore-failure'] : []), ...(privilege === undefined ? [] : [privilege])],
  ];
}
