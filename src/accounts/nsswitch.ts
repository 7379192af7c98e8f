import type { NssDatabase } from './database.ts';

/**
 * Whether a hit in the local file (/etc/passwd, /etc/group) has the name and number that NSS would answer: `files` is the
 * first service of the database and a success there ends the search, which it does unless an action in brackets says
 * otherwise. No line for the database: false, as libc's default differs.
 *
 * `merge` is as good as an end: it adds members to a group that was found, and keeps its name and number.
 * @see nsswitch.conf(5)
 */
export function isFilesFirst(nsswitch: string, database: NssDatabase<never>['name']): boolean {
  const lines = nsswitch
    .split('\n')
    .map((text) => text.replace(/#.*$/, '').trim())
    .filter((text) => text.startsWith(database) && /^\s*:/.test(text.slice(database.length)));
  return lines.length > 0 && lines.every((line) => hasDefinitiveFiles(line.slice(line.indexOf(':') + 1).trim()));
}

function hasDefinitiveFiles(services: string): boolean {
  const match = /^files((?:\s*\[[^\]]*\])*)(?:\s|$)/i.exec(services);
  if (match === null) return false;
  const actions = (match[1] ?? '').toLowerCase();
  // A negated action (`[!notfound=continue]`) also speaks of success.
  return !actions.includes('!') && !/success\s*=\s*(?!return|merge)/.test(actions);
}
