import { scrubLine } from '../journal/scrub.ts';

/** systemd's search path stands in the words about a program that was not found: it comes from the environment. */
const SEARCH_PATH = / on PATH .*(?=, or not executable)/g;
/** What stands below these fields is the environment or secret: its line is told, its name is not. */
const PRIVATE_FIELD = /\b(environment|credentials|headers)(?:\.[A-Za-z_][\w-]*|\["(?:[^"\\]|\\.)*"\])/g;
/** A line of an environment file, pasted where a field's name or a word belongs: messages repeat those in quotes. */
const QUOTED_ASSIGNMENT = /"([A-Za-z_][A-Za-z0-9_]*)=(?:[^"\\]|\\.)*"/g;

/**
 * A message of a condition, an exit or an event as it may be shown to anybody on the host, line by line.
 *
 * Messages are made without environment values and arguments; this takes out what can come along by mistake: values that
 * were pasted into the place of a name, and the search path.
 */
export function publicLines(message: string): readonly string[] {
  return message
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const plain = line.replace(PRIVATE_FIELD, '$1.…').replace(QUOTED_ASSIGNMENT, '"$1=…"').replace(SEARCH_PATH, '');
      return scrubLine(plain);
    });
}

/** The same on one line. */
export function publicWords(message: string): string {
  return publicLines(message).join('; ');
}
